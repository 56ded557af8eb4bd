"""The guide in the product, made of docs/guide."""

from __future__ import annotations

import re

import pytest

from schoolgate.intake.columns import KINDS
from schoolgate.web.views.guide import ORDER
from tests.house.test_files import ROOT

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

SOURCE = ROOT / "docs" / "guide"


def test_every_page_of_docs_guide_is_in_the_product_and_no_other():
    assert {path.stem for path in SOURCE.glob("*.md")} - {"README"} == set(ORDER)


@pytest.mark.parametrize("slug", ["", *ORDER])
def test_whoever_is_not_signed_in_can_read_it(db, browse, slug):
    page = browse(None).get(f"/guide/{slug}/" if slug else "/guide/")
    title = (
        (SOURCE / f"{slug or 'README'}.md").read_text("utf-8").splitlines()[0].removeprefix("# ")
    )
    assert page.status == 200
    assert title in page.text


def test_links_and_pictures_lead_somewhere(db, browse):
    browser = browse(None)
    for slug in ("", *ORDER):
        body = browser.get(f"/guide/{slug}/" if slug else "/guide/").bytes.decode()
        for address in set(re.findall(r'(?:href|src)="(/(?:guide|static/guide)/[^"#]*)"', body)):
            answer = browser.client.get(address)
            assert answer.status_code == 200, address
            # Read to its end, a file closes itself; close() would close the database with it.
            assert answer.getvalue()


def test_the_columns_of_every_file_are_listed(db, browse):
    text = browse(None).get("/guide/columns/").text
    missing = [
        column.heading
        for kind in KINDS.values()
        for column in kind.columns
        if column.heading not in text
    ]
    assert missing == []
