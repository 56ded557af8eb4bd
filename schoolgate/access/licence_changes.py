"""Adding, changing and taking away licence types (PT11).

For LA Super Users only. Parent/Guardian and Pupil keep their names and stay; of them it is decided
what they show, which they have a row for from then on.
"""

import json
from collections.abc import Collection

from schoolgate.access.authority import may_manage
from schoolgate.access.licences import BUILT_IN, FIRST_BLOCKS, Block
from schoolgate.access.models import LicenceType
from schoolgate.access.own_roles import in_one_word
from schoolgate.access.role_changes import end_with_grants
from schoolgate.access.role_names import name_taken_in_words, named, purpose_of, refuse_taken
from schoolgate.access.roles import LICENCE
from schoolgate.audit.actions import Actor, batch
from schoolgate.kit import locks, records
from schoolgate.kit.records import Source, Stamp
from schoolgate.kit.refusal import Refusal

KIND = "licence type"
_COLUMNS = ["builtin", "name", "name_key", "purpose", "blocks"]
CHANGED_SINCE = (
    "Look at what is there now, then save again if you still want to: somebody has changed this"
    " licence type since you opened the page."
)


def on_record(code: str) -> LicenceType | None:
    """The licence type with this code that is there; of one that is always there, and of which
    nothing was decided yet, as it stands, without a row. None where there is none."""
    there = LicenceType.objects.filter(gone_at__isnull=True)
    if code not in BUILT_IN:
        number = code.removeprefix(LICENCE)
        usable = (
            code.startswith(LICENCE) and number.isascii() and number.isdigit() and len(number) < 18
        )
        return there.filter(pk=int(number), builtin="").first() if usable else None
    builtin = code.removeprefix(LICENCE)
    role = BUILT_IN[code]
    first = [block.value for block in FIRST_BLOCKS[code]]
    as_it_is = LicenceType(builtin=builtin, name=role.name, purpose=role.purpose, blocks=first)
    return there.filter(builtin=builtin).first() or as_it_is


def create_licence(*, name: str, purpose: str, blocks: Collection[str], by: Actor) -> int:
    """Add a licence type that shows these blocks (values of ``Block``); its id.

    Raises Refusal when the actor may not, or the name is empty, too long or taken.
    """
    name, purpose, shows = named(name, KIND), purpose_of(purpose), _blocks(blocks)
    with batch(by=by) as events, name_taken_in_words():
        locks.while_writing()
        may_manage(by)
        refuse_taken(name)
        stamp = Stamp(events.at, by.user_id, Source.BY_HAND)
        row = ("", name, in_one_word(name), purpose, json.dumps(shows))
        (made,) = [ids[0] for ids, _ in records.insert(LicenceType, _COLUMNS, [row], stamp=stamp)]
        events.add([("created", KIND, made, "", None, None, "")])
    return made


def change_licence(
    code: str, *, name: str, purpose: str, blocks: Collection[str], seen: str, by: Actor
) -> None:
    """Decide what a licence type shows; of an added one, also its name and purpose.

    ``seen``: its ``standing()`` as the person saw it. Raises Refusal as :func:`create_licence`
    does, and when somebody was quicker (S57).
    """
    wanted: dict[str, object] = {"blocks": _blocks(blocks)}
    if code not in BUILT_IN:
        wanted |= {"name": named(name, KIND), "purpose": purpose_of(purpose)}
    with batch(by=by) as events, name_taken_in_words():
        # Alone: of two who decide about one that has no row yet, the second is refused.
        locks.while_importing()
        may_manage(by)
        one = _there(code)
        if one.standing() != seen:
            raise Refusal(CHANGED_SINCE)
        if code not in BUILT_IN:
            refuse_taken(name, but=one)
        changed = [field for field in wanted if getattr(one, field) != wanted[field]]
        if not changed:
            return
        for field in changed:
            setattr(one, field, wanted[field])
        one.name_key = in_one_word(one.name)
        one.touched_at = events.at
        if one.pk is None:
            one.recorded_at = events.at
        one.save()
        events.add([("changed", KIND, one.pk, ",".join(changed), None, None, "")])


def remove_licence(code: str, *, seen: str, by: Actor) -> None:
    """Take an added licence type away: its grants end at this moment, and nobody is given it any
    more.

    ``seen``: ``role_changes.mark_of`` its grants as the person saw them. Raises Refusal when the
    actor may not, the type is always there, or others hold it now.
    """
    with batch(by=by) as events:
        # Alone: whoever gives it at the same moment has done so before, or is refused after.
        locks.while_importing()
        may_manage(by)
        if code in BUILT_IN:
            raise Refusal("Keep this licence type: it is always there. Untick what it shows.")
        end_with_grants(_there(code), seen=seen, by=by, events=events)


def _there(code: str) -> LicenceType:
    found = on_record(code)
    if found is None:
        raise Refusal("Go back to the licence types: this one has been taken away.")
    return found


def _blocks(blocks: Collection[str]) -> list[str]:
    """The values in the order of the page. Raises Refusal when one is none."""
    if set(blocks) - {block.value for block in Block}:
        raise Refusal("Choose from what there is: one of these is no part of a child’s page.")
    return [block.value for block in Block if block.value in blocks]
