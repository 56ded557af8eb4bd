"""The two states of scope that a file leads from and to, over its proposals (access/preview.py).

The proposals are those of a plan (temporary tables) or those that a check kept (models.Proposal);
either way scope comes from the same SQL. ``only_*`` narrow the relations to some people or
children, for whom alone the answer is then right: so a page costs what is on it.
"""

from collections.abc import Collection
from dataclasses import replace

from schoolgate.access import relations
from schoolgate.access.preview import Preview
from schoolgate.access.relations import Relations

NOTHING = "1 = 0"


def of_grants(role: str, grants: str, new: str, *, before: Relations | None = None) -> Preview:
    """``grants``: a query (n, user_id, establishment_id, subject_area_id, pupil_id) of those that
    would be made; ``new``: a query (n) of the rows whose users would be made, with the id -n."""
    before = before or relations.at()
    added = (
        f"SELECT -q.n AS id, q.user_id, '{role}' AS role, q.establishment_id,"
        " q.subject_area_id, CAST(NULL AS BIGINT) AS school_class_id,"
        f" q.pupil_id FROM ({grants}) q WHERE NOT {relations.asleep(grant='q')}"
    )
    return Preview(
        before=before,
        after=replace(
            before,
            grants=f"(SELECT {relations.GRANT} FROM {before.grants} b UNION ALL {added})",
            users=f"(SELECT id FROM {before.users} b UNION ALL SELECT -q.n AS id FROM ({new}) q)",
        ),
        users=f"SELECT w.user_id FROM ({grants}) w",
        added=f"({added})",
    )


def of_records(
    *,
    stays: str,
    episodes: str,
    members: str,
    ended: str,
    new: str,
    pupils: str,
    before: Relations | None = None,
) -> Preview:
    """``stays``: a query (pupil_id, establishment_id), ``episodes``: (pupil_id), ``members``:
    (pupil_id, school_class_id), of those that would be made and hold today; ``ended``: (what, id)
    of those that would be ended; ``new``: (n) of the rows whose pupils would be made; ``pupils``:
    (pupil_id) of all whom this touches."""
    before = before or relations.at()
    gone = f"NOT EXISTS (SELECT 1 FROM ({ended}) e WHERE e.what = '{{0}}' AND e.id = b.id)"
    return Preview(
        before=before,
        after=replace(
            before,
            enrolments="(SELECT b.pupil_id, b.establishment_id FROM"
            f" {before.enrolments} b WHERE {gone.format('stay')} UNION ALL {stays})",
            episodes=f"(SELECT b.pupil_id FROM {before.episodes} b"
            f" WHERE {gone.format('episode')} UNION ALL {episodes})",
            memberships="(SELECT b.pupil_id, b.school_class_id FROM"
            f" {before.memberships} b WHERE {gone.format('member')} UNION ALL {members})",
            pupils=f"(SELECT id FROM {before.pupils} b UNION ALL SELECT -q.n AS id FROM ({new}) q)",
        ),
        pupils=pupils,
    )


def of_leavers(leaving: str, *, before: Relations | None = None) -> Preview:
    """``leaving``: a query (user_id) of those who would be made inactive."""
    before = before or relations.at()
    return Preview(
        before=before,
        after=replace(
            before, users=f"(SELECT b.id FROM {before.users} b WHERE b.id NOT IN ({leaving}))"
        ),
        users=leaving,
    )


def only_users(stand: Relations, ids: Collection[int]) -> Relations:
    """The relations of these users alone."""
    those = _listed(ids)
    return replace(
        stand,
        grants=f"(SELECT {relations.GRANT} FROM {stand.grants} o WHERE user_id IN ({those}))",
        restrictions=f"(SELECT user_id, pupil_id FROM {stand.restrictions} o"
        f" WHERE user_id IN ({those}))",
        users=f"(SELECT id FROM {stand.users} o WHERE id IN ({those}))",
    )


def only_pupils(stand: Relations, ids: Collection[int]) -> Relations:
    """The relations of these children alone."""
    those = _listed(ids)
    return replace(
        stand,
        enrolments=f"(SELECT id, pupil_id, establishment_id FROM {stand.enrolments} o"
        f" WHERE pupil_id IN ({those}))",
        episodes=f"(SELECT id, pupil_id FROM {stand.episodes} o WHERE pupil_id IN ({those}))",
        restrictions=f"(SELECT user_id, pupil_id FROM {stand.restrictions} o"
        f" WHERE pupil_id IN ({those}))",
        pupils=f"(SELECT id FROM {stand.pupils} o WHERE id IN ({those}))",
        memberships=f"(SELECT id, pupil_id, school_class_id FROM {stand.memberships} o"
        f" WHERE pupil_id IN ({those}))",
    )


def _listed(ids: Collection[int]) -> str:
    return ", ".join(map(str, sorted(ids))) or "NULL"
