"""Who would come to see which child: the shapes of a preview's pages (NEW1); see gains.py."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Child:
    """A child whom somebody gains or loses. ``pupil_id`` None: new, or not to be told."""

    name: str
    gained: bool
    pupil_id: int | None = None
    row: int | None = None


@dataclass(frozen=True)
class PersonLine:
    """Somebody whose access changes. ``key``: to page by, and to ask for all their children.

    ``places``: the roles and places that the file gives them, in words. ``gained`` and ``lost``:
    how many children; ``everything``: they come to see every child, or see every one and leave.
    ``children``: the first few.
    """

    key: int
    label: str
    row: int | None
    user_id: int | None
    places: list[str]
    gained: int
    lost: int
    everything: bool = False
    children: list[Child] = field(default_factory=list)

    @property
    def is_new(self) -> bool:
        """Whether the file makes this user."""
        return self.user_id is None


@dataclass(frozen=True)
class PeoplePage:
    """People in the order of their rows (or ids); ``following``: for the next page, or None.

    ``new_to_everybody``: how many children come onto the register, whom everybody gains who sees
    every child; they are not told person by person.
    """

    people: list[PersonLine]
    following: int | None
    new_to_everybody: int = 0


@dataclass(frozen=True)
class Person:
    """Somebody who gains or loses a child."""

    label: str
    gained: bool
    user_id: int | None = None
    row: int | None = None


@dataclass(frozen=True)
class ChildLine:
    """A child whom people gain or lose: how many people, and the first few of them.

    ``everybody``: new on the register, so that everybody who sees every child gains them too.
    """

    key: int
    label: str
    row: int | None
    pupil_id: int | None
    gained: int
    lost: int
    everybody: bool = False
    people: list[Person] = field(default_factory=list)


@dataclass(frozen=True)
class ChildrenPage:
    """Children whom the reader may see; ``unseen``: how many others there are in all.

    ``everything``: the people who come to see every child, who are not told child by child.
    """

    children: list[ChildLine]
    following: int | None
    unseen: int
    everything: int


@dataclass(frozen=True)
class AlonePage:
    """Children (id and name) whom nobody would see any more as their own, and how many in all."""

    children: list[tuple[int, str]]
    following: int | None
    count: int


@dataclass(frozen=True)
class ChildrenOfPerson:
    """A page of one person's children; ``unseen``: how many more the reader may not see."""

    person: PersonLine
    children: list[Child]
    following: int | None
    unseen: int


@dataclass(frozen=True)
class PeopleOfChild:
    """A page of the people who gain or lose one child."""

    child: ChildLine
    people: list[Person]
    following: int | None
