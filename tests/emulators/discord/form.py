"""Reading a JSON body field by field, gathering every refusal the way Discord nests them."""

from collections.abc import Collection

from tests.emulators.discord.changes import JsonObject
from tests.emulators.discord.errors import invalid_form


class Form:
    """One JSON object of a request; children share its list of refusals."""

    def __init__(
        self, body: object, path: tuple[str, ...] = (), errors: JsonObject | None = None
    ) -> None:
        self._path = path
        self._errors: JsonObject = {} if errors is None else errors
        self._body: JsonObject = {}
        if isinstance(body, dict):
            self._body = body
        else:
            self._refuse_at(path, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")

    def check(self) -> None:
        """Raise the whole form's refusals, if there are any."""
        if self._errors:
            raise invalid_form(self._errors)

    def refuse(self, key: str, code: str, message: str) -> None:
        self._refuse_at((*self._path, key), code, message)

    def refuse_all(self, code: str, message: str) -> None:
        """Refuse the object itself rather than one of its fields."""
        self._refuse_at(self._path, code, message)

    def given(self, key: str) -> bool:
        return key in self._body

    def raw(self, key: str) -> object:
        return self._body.get(key)

    def text(
        self, key: str, least: int = 0, most: int | None = None, required: bool = False
    ) -> str | None:
        value = self._body.get(key)
        if value is None:
            if required:
                self._require(key)
            return None
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            self.refuse(key, "STRING_TYPE_CONVERT", f'Could not interpret "{value}" as string.')
            return None
        text = str(value)
        self._measure(key, len(text), least, most)
        return text

    def integer(
        self, key: str, least: int | None = None, most: int | None = None, required: bool = False
    ) -> int | None:
        value = self._body.get(key)
        if value is None:
            if required:
                self._require(key)
            return None
        try:
            number = int(value)
        except (TypeError, ValueError):
            self.refuse(key, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
            return None
        if least is not None and number < least:
            message = f"int value should be greater than or equal to {least}."
            self.refuse(key, "NUMBER_TYPE_MIN", message)
        if most is not None and number > most:
            message = f"int value should be less than or equal to {most}."
            self.refuse(key, "NUMBER_TYPE_MAX", message)
        return number

    def snowflake(self, key: str, required: bool = False) -> int | None:
        value = self._body.get(key)
        if value is None:
            if required:
                self._require(key)
            return None
        if not str(value).isdigit():
            self.refuse(key, "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
            return None
        return int(value)

    def choice(self, key: str, choices: Collection[int], required: bool = False) -> int | None:
        number = self.integer(key, required=required)
        if number is not None and number not in choices:
            listed = ", ".join(str(choice) for choice in sorted(choices))
            self.refuse(key, "BASE_TYPE_CHOICES", f"Value must be one of {{{listed}}}.")
            return None
        return number

    def flag(self, key: str) -> bool | None:
        value = self._body.get(key)
        if value is not None and not isinstance(value, bool):
            self.refuse(key, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.")
            return None
        return value

    def child(self, key: str) -> "Form":
        return Form(self._body.get(key), (*self._path, key), self._errors)

    def children(self, key: str, most: int | None = None, least: int = 0) -> list["Form"]:
        """Give a form for each object of a list, each refusing under its position."""
        return [
            Form(item, (*self._path, key, str(index)), self._errors)
            for index, item in enumerate(self.items(key, most, least))
        ]

    def items(self, key: str, most: int | None = None, least: int = 0) -> list[object]:
        value = self._body.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.refuse(key, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
            return []
        self._measure(key, len(value), least, most)
        return list(value)

    def _require(self, key: str) -> None:
        self.refuse(key, "BASE_TYPE_REQUIRED", "This field is required")

    def _measure(self, key: str, length: int, least: int, most: int | None) -> None:
        if most is not None and length > most:
            if least:
                message = f"Must be between {least} and {most} in length."
                self.refuse(key, "BASE_TYPE_BAD_LENGTH", message)
            else:
                self.refuse(key, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
        elif length < least:
            if most is None:
                self.refuse(key, "BASE_TYPE_MIN_LENGTH", f"Must be {least} or more in length.")
            else:
                message = f"Must be between {least} and {most} in length."
                self.refuse(key, "BASE_TYPE_BAD_LENGTH", message)

    def _refuse_at(self, path: tuple[str, ...], code: str, message: str) -> None:
        place = self._errors
        for step in path:
            place = place.setdefault(step, {})
        place.setdefault("_errors", []).append({"code": code, "message": message})


def query_form(query: dict[str, str]) -> Form:
    """Read a query string with the same rules as a body."""
    return Form(dict(query))
