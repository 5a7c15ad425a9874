"""Act: what the AI Act of the European Union asks of a system, as far as a few facts of it decide, with the reasons.

Source: Regulation (EU) 2024/1689, as amended by (EU) 2026/1744: Article 5(1)(ba) and (bb) apply from 2 December 2026,
Annex III from 2 December 2027, Article 6(1) from 2 August 2028. It sorts; it does not replace counsel.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from mintmark.base.words import mark
from mintmark.capital.value.said import Said
from mintmark.recipe.strict import Strict

SYSTEMIC_FLOPS = 1e25
PROHIBITED: dict[str, str] = {
    "manipulation": mark("Article 5(1)(a): subliminal or manipulative techniques that do harm"),
    "vulnerability": mark("Article 5(1)(b): the weakness of persons is exploited"),
    "intimate_images": mark("Article 5(1)(ba): intimate images of a person are made without consent"),
    "child_abuse": mark("Article 5(1)(bb): material of the sexual abuse of children is made"),
    "social_scoring": mark("Article 5(1)(c): social scoring"),
    "crime_prediction": mark("Article 5(1)(d): crimes of persons are predicted from profiling or traits alone"),
    "face_scraping": mark("Article 5(1)(e): untargeted scraping of faces"),
    "emotions_at_work": mark("Article 5(1)(f): emotions at work or in education are inferred"),
    "biometric_categories": mark("Article 5(1)(g): persons are sorted by sensitive traits from biometric data"),
    "remote_identification": mark(
        "Article 5(1)(h): remote biometric identification in real time, in public, for law enforcement"
    ),
}
HIGH: dict[str, str] = {
    "biometrics": mark("Annex III 1: biometrics"),
    "critical_infrastructure": mark("Annex III 2: critical infrastructure"),
    "education": mark("Annex III 3: education and vocational training"),
    "employment": mark("Annex III 4: employment and management of workers"),
    "public_benefits": mark("Annex III 5(a): public benefits and services"),
    "credit_scoring": mark("Annex III 5(b): creditworthiness of natural persons"),
    "life_health_insurance": mark("Annex III 5(c): risk and price of life and health insurance"),
    "emergency": mark("Annex III 5(d): emergency calls, dispatch and triage"),
    "law_enforcement": mark("Annex III 6: law enforcement"),
    "migration": mark("Annex III 7: migration, asylum and border control"),
    "justice": mark("Annex III 8: justice and democratic processes"),
}
OPEN: dict[str, str] = {
    "talks_to_people": mark("Article 50(1): persons are told that they talk to an AI system"),
    "makes_content": mark("Article 50(2): what it makes is marked as made by AI"),
    "emotions": mark("Article 50(3): persons are told that emotions or categories are recognised"),
    "deep_fakes": mark("Article 50(4): deep fakes and texts on matters of public interest are disclosed"),
}
Prohibited = Literal["manipulation", "vulnerability", "intimate_images", "child_abuse", "social_scoring",
                     "crime_prediction", "face_scraping", "emotions_at_work", "biometric_categories",
                     "remote_identification"]  # fmt: skip
Use = Literal["biometrics", "critical_infrastructure", "education", "employment", "public_benefits", "credit_scoring",
              "life_health_insurance", "emergency", "law_enforcement", "migration", "justice",
              "fraud_detection"]  # fmt: skip
Openly = Literal["talks_to_people", "makes_content", "emotions", "deep_fakes"]


class Act(Strict):
    """Facts of the system."""

    uses: list[Use] = []
    """Of Annex III, and fraud_detection, which it leaves out."""
    prohibited: list[Prohibited] = []
    """Practices of Article 5."""
    open_about: list[Openly] = []
    """What Article 50 is about."""
    safety_component: bool = False
    """Of a product of Annex I that a third party must assess for health or safety; or such a product itself."""
    narrow: bool = False
    """Article 6(3): no significant risk of harm, and a narrow procedural or preparatory task, one that improves a
    finished human activity, or one that shows where decisions deviate from earlier ones, reviewed by a person."""
    profiles_persons: bool = False
    """It profiles natural persons: then Article 6(3) does not help."""
    general_purpose: bool = False
    """A general-purpose AI model."""
    training_flops: Annotated[float, Field(gt=0)] | None = None
    """Of such a model, all together."""


def classify(of: Act) -> dict[str, Any]:
    """The class of the system (prohibited, high, transparency or minimal) with its reasons; the same of the model."""
    high = [Said(HIGH[u]) for u in of.uses if u in HIGH]
    if of.safety_component:
        high.append(Said(mark("Article 6(1): safety component of a product of Annex I, or such a product")))
    spared = of.narrow and not of.profiles_persons and not of.safety_component
    banned, openly = [Said(PROHIBITED[p]) for p in of.prohibited], [Said(OPEN[o]) for o in of.open_about]
    made, reasons = (
        ("prohibited", banned) if banned
        else ("high", high) if high and not spared
        else ("transparency", openly) if openly
        else ("minimal", [Said(mark("None of the facts given is one of Articles 5, 6 and 50."))])
    )  # fmt: skip
    if high and spared:
        reasons = [
            *reasons,
            Said(
                mark("Article 6(3): a narrow task without profiling is not high-risk; it is documented and registered.")
            ),
        ]
    if "fraud_detection" in of.uses:
        reasons = [*reasons, Said(mark("Annex III 5(b) leaves out systems that detect financial fraud."))]
    if made == "high":
        reasons += openly
    return {"class": made, "reasons": [r.plain() for r in reasons], "model": _model(of)}


def _model(of: Act) -> dict[str, Any] | None:
    """Of a general-purpose model: Articles 51 and 53."""
    if not of.general_purpose:
        return None
    systemic = of.training_flops is not None and of.training_flops > SYSTEMIC_FLOPS
    why = (
        Said(mark("Article 51(2): {flops} training FLOPs are above 1e25: systemic risk is presumed."),
             flops=f"{of.training_flops:.3g}")
        if systemic
        else Said(mark("Article 51(2): systemic risk is presumed above 1e25 training FLOPs; it has {flops}."),
                  flops=f"{of.training_flops:.3g}")
        if of.training_flops is not None
        else Said(mark("Article 51(2): systemic risk is presumed above 1e25 training FLOPs; they are not given."))
    )  # fmt: skip
    return {"class": "systemic" if systemic else "general_purpose", "reasons": [why.plain()]}
