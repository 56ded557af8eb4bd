"""What a page says when it waited too long for something larger to be written (SQLite)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
from django.db import connection
from django.test import Client

from tests.cast import assemble
from tests.web.browsing import Page, with_session

if TYPE_CHECKING:
    from tests.databases import OwnDatabase

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database


@pytest.mark.one_database
def test_a_page_that_waited_too_long_says_to_try_again(own_database: OwnDatabase) -> None:
    client = Client(raise_request_exception=False)
    ada = assemble().ada
    client.force_login(ada)
    with_session(client, ada)
    connection.close()
    connection.settings_dict["OPTIONS"] = {**connection.settings_dict["OPTIONS"], "timeout": 0.1}

    with closing(sqlite3.connect(unquote(urlsplit(own_database.url).path)[1:])) as writer:
        writer.execute("BEGIN IMMEDIATE")
        page = Page(client.get("/pupils/"))  # showing children leaves an event

    assert (page.status, page.response.headers["Retry-After"]) == (503, "60")
    assert "Try again in a minute" in page.text
    assert Page(client.get("/pupils/")).status == 200
