"""The page in a real browser, in short: it opens, a row is tried, and an error stands beside its field."""

import paged
import risky

from mintmark.serving import make_app


def test_a_row_is_tried_and_an_error_explained() -> None:
    app = make_app({"cards": risky.loaded()}, page=True)
    with paged.browsers() as browser, paged.listening(app) as url, paged.tab(browser, url) as seen:
        seen.go("/page/")
        assert seen.tab.url.endswith("/page/en/")
        seen.tab.click("main a[href='#/models/cards']")
        seen.tab.wait_for_selector("form.try")
        seen.labelled()
        amount = seen.tab.get_by_label("amount")
        amount.fill("399")
        seen.tab.click("form.try [type=submit]")
        seen.tab.wait_for_selector(".answer .big")
        assert seen.tab.inner_text(".answer .big") == "fraud"
        amount.fill("")
        amount.press_sequentially("1e")
        seen.tab.keyboard.press("Enter")
        wrong = seen.tab.locator("[data-name=amount] .wrong")
        wrong.wait_for(state="visible")
        assert "Not a number." in wrong.inner_text() and "Try this:" in wrong.inner_text()
        assert amount.get_attribute("aria-invalid") == "true"
        assert amount.evaluate("e => e === document.activeElement"), "the field that is wrong has the focus"
        assert not seen.complaints() and not seen.elsewhere
