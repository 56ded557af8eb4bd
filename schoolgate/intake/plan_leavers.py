"""An offboarding file: people to make inactive, by their addresses or user names (PP11, NEW8)."""

from collections.abc import Mapping

from schoolgate.access import actions as access
from schoolgate.access.preview import Preview
from schoolgate.intake import brakes, checks, leaver_findings, previews, progress
from schoolgate.intake.columns import LEAVERS
from schoolgate.intake.plan import Plan, pages
from schoolgate.kit import bulk
from schoolgate.kit.names import email_key, lookalike_key, name_key

LEAVING = "SELECT user_id FROM plan_leaver"


class LeaversPlan(Plan):
    """Rows become denials over the organisation. A file names its leavers; silence removes nobody.

    ``plan_user``: the users of a row (``other_id`` where its address and its user name are two
    people's); ``plan_leaver``: those whom it would make inactive.
    """

    kind = LEAVERS
    tables: Mapping[str, tuple[str, tuple[str, ...]]] = {
        "plan_row": (
            "n INTEGER PRIMARY KEY, email TEXT, email_key TEXT, lookalike TEXT, username TEXT,"
            " username_key TEXT, first_name TEXT, last_name TEXT, first_key TEXT, last_key TEXT",
            ("email_key", "username_key", "lookalike"),
        ),
        "plan_refused": ("n INTEGER PRIMARY KEY", ()),
        "plan_user": ("n INTEGER PRIMARY KEY, user_id BIGINT, other_id BIGINT", ("user_id",)),
        "plan_leaver": ("n INTEGER, user_id BIGINT PRIMARY KEY", ("n",)),
    }
    derived = ("plan_refused", "plan_user", "plan_leaver")

    def stage_row(self, n: int, cells: list[str]) -> None:
        email, username = self.cell(cells, "email"), self.cell(cells, "username")
        first, last = self.cell(cells, "first_name"), self.cell(cells, "last_name")
        if not email and not username:
            self.staged.fault(
                n, self.title("email"), "",
                "Enter the email address or the user name of the person: one of the two tells who"
                " it is.", "empty-cell",
            )  # fmt: skip
        is_address = not email or checks.is_address(email)
        if not is_address:
            self.staged.fault(
                n, self.title("email"), email,
                "Enter an email address like name@school.sch.uk.", "not-an-address",
            )  # fmt: skip
        key = email_key(email) if is_address else ""
        self.keep(
            "plan_row",
            (
                n, email, key, lookalike_key(key), username, email_key(username), first, last,
                name_key(first), name_key(last),
            ),
        )  # fmt: skip

    # Working out

    def find(self) -> None:
        self._who()
        leaver_findings.find(self)
        bulk.load("plan_refused", ["n"], ((n,) for n in sorted(self.findings.refused)))
        bulk.execute(
            "INSERT INTO plan_leaver SELECT u.n, u.user_id FROM plan_user u"
            " WHERE NOT EXISTS (SELECT 1 FROM plan_refused x WHERE x.n = u.n)"
            f" AND NOT EXISTS ({leaver_findings.INACTIVE})"
        )
        bulk.analyse("plan_refused", "plan_leaver")

    def _who(self) -> None:
        """plan_user: whose the address and the user name of a row are."""
        matches = " UNION ALL ".join(
            f"SELECT r.n, p.id FROM plan_row r JOIN people_user p ON p.{key} = r.{key}"
            f" AND p.gone_at IS NULL WHERE r.{key} <> ''"
            for key in ("email_key", "username_key")
        )
        bulk.execute(
            "INSERT INTO plan_user SELECT m.n, min(m.id), max(m.id)"
            f" FROM ({matches}) m GROUP BY m.n"
        )
        bulk.analyse("plan_user")

    def outcomes(self) -> tuple[int, int]:
        return 0, int(bulk.value("SELECT count(*) FROM plan_leaver"))

    def brakes(self) -> list[str]:
        return [brake.words for brake in brakes.that_hold(LEAVING)]

    def preview(self) -> Preview:
        return previews.of_leavers(LEAVING)

    def told_rows(self) -> str:
        return (
            "SELECT r.n, CASE WHEN x.n IS NOT NULL THEN 'refused' WHEN l.n IS NOT NULL THEN"
            " 'updated' ELSE 'unchanged' END, COALESCE(p.first_name || ' ' || p.last_name,"
            " trim(r.first_name || ' ' || r.last_name)),"
            " CASE WHEN r.email <> '' THEN r.email ELSE r.username END, u.user_id FROM plan_row r"
            " LEFT JOIN plan_refused x ON x.n = r.n LEFT JOIN plan_user u ON u.n = r.n"
            " AND u.user_id = u.other_id LEFT JOIN people_user p ON p.id = u.user_id"
            " LEFT JOIN plan_leaver l ON l.n = r.n"
        )

    def told_access(self) -> list[str]:
        none = "CAST(NULL AS BIGINT)"
        return [f"SELECT 'deny', n, user_id, {none}, {none}, {none}, {none} FROM plan_leaver"]

    def proposals(self) -> list[str]:
        return ["SELECT n, user_id, 'deny' FROM plan_leaver"]

    # Writing

    def write(self, *, import_id: int) -> None:
        self.tell(progress.WRITING)
        leaving = [user_id for page in pages(self.proposals()[0]) for _, user_id, _ in page]
        access.deny(leaving, by=self.by, import_id=import_id)
