"""Origin: how all of it was worked out."""

from mintmark.base.words import mark

METHOD = (
    mark("Curve: error = a n^-b + c. Draws of its posterior given the measurements: ln b about ln 0.3 with spread 0.8, "
         "the share that no data take away even between 0 and 1, one measurement scattering by about 3 %. Few "
         "measurements leave it wide. Hestness et al., arXiv 1712.00409."),
    mark("Worth: value x (error now - error then), less what is spent, each at today's worth. Below its first stage a "
         "project brings nothing. Fixed costs count at their mean."),
    mark("Exact: whether each project is started in each period is a whole number, the money beyond its first stage is "
         "free; solved by branch and bound to 1e-6. No allocation is worth more than the answer with first stages in "
         "part, which also gives the shadow prices."),
    mark("Mean and CVaR: most of (1 - caution) mean - caution CVaR over 150 draws; Rockafellar, Uryasev, Journal of "
         "Risk 2, 2000."),
    mark("Staged: the rule is chosen on one half of the draws and valued on the other. The right to stop is what it "
         "brings beyond spending all at once; salvage is part of it."),
    mark("Equal split: each project has the same part of each period's money. Greedy: the next step that brings most "
         "for its money, while it brings more than it costs."),
)  # fmt: skip
