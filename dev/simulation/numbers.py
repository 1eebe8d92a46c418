"""Phone numbers and the many ways in which people write them, each with what it means.

The meaning is known because it was made so; the product's own reading takes no part in it.
"""

from __future__ import annotations

import random

# Sweden's regulator keeps +46 70 174 06 05 to 06 99 free for fiction; 555-01xx is America's such range.
_SWEDISH = [("46", f"70174{number:04}") for number in range(605, 700)]
_AMERICAN = [("1", f"202555{number:04}") for number in range(100, 200)]
_EMPTY = (None, None, None, "", " ", "\t ")
_UNREADABLE = (
    "ask the reception",
    "+46 (0)70 174 06 05",
    "+46701740605 / +46701740606",
    "+46 70 174",
    "\u200b",
    "+99 123456789",
    "+46 70 174 06 05 ext 12",
    "112",
)


class Numbers:
    """Draws numbers that nobody else has, and remembers what each text means."""

    def __init__(self, chance: random.Random, *, swedish_by_default: bool) -> None:
        self._chance = chance
        self._swedish_by_default = swedish_by_default
        self._free = [*_SWEDISH, *_AMERICAN]
        chance.shuffle(self._free)
        self._meaning: dict[str, str] = {}
        self.drawn: list[str] = []

    def draw(self) -> str:
        """Return a new number as the tenant keeps it, `+46701740605`."""
        country, national = self._free.pop()
        number = f"+{country}{national}"
        self.drawn.append(national)
        return number

    def alike(self, number: str) -> str | None:
        """Return a new number whose last two digits are those of another; None if none is left."""
        found = next((one for one in self._free if one[1][-2:] == number[-2:]), None)
        if found is None:
            return None
        self._free.remove(found)
        self.drawn.append(found[1])
        return f"+{found[0]}{found[1]}"

    def alike_text(self, text: str | None) -> str | None:
        """Return a new number whose last two digits are those that a text means, if it means any."""
        number = self._meaning.get(text or "")
        return self.alike(number) if number else None

    def written(self, number: str) -> str:
        """Return the number as somebody in HR might write it."""
        country = "1" if number.startswith("+1") else "46"
        national = number.removeprefix("+").removeprefix(country)
        head, tail = national[:-7], national[-7:]
        texts = [
            number,
            number,
            f"+{country} {national}",
            f"00{country}{national}",
            f"+{country} {head}-{tail[:3]} {tail[3:]}",
            f" +{country} {head} {tail} ",
            f"+{country}.{head}.{tail}",
        ]
        if self._swedish_by_default and country == "46":
            texts += [f"0{national}", f"0{head}-{tail[:3]} {tail[3:5]} {tail[5:]}"]
        text = self._chance.choice(texts)
        self._meaning[text] = number
        return text

    def empty(self) -> str | None:
        """Return a text that says that there is no number."""
        return self._chance.choice(_EMPTY)

    def unreadable(self) -> str:
        """Return a text that is not one unmistakable number."""
        return self._chance.choice(_UNREADABLE)

    def meaning(self, text: str | None) -> str | None:
        """Return the number that a text means; None if it is empty.

        Raises:
            ValueError: It is not one unmistakable number.
        """
        if text is None or not text.strip(" \t\r\n"):
            return None
        if text not in self._meaning:
            raise ValueError("not a number")
        return self._meaning[text]

    def texts(self) -> list[str]:
        """Return every spelling that was used."""
        return list(self._meaning)
