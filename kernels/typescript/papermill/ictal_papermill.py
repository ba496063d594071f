"""Lets papermill write parameters into TypeScript notebooks: `ictal-jupyter kernel install --papermill PYTHON` puts it there.

papermill has no entry point for translators. It loads those of engines when it starts, and this module registers its
translator as it is loaded. The engine itself is papermill's own.
"""

import json
import math
import re

from papermill.engines import NBClientEngine
from papermill.exceptions import PapermillException
from papermill.models import Parameter
from papermill.translators import Translator, papermill_translators

SAFE_INTEGER = 2**53 - 1
NAME = re.compile(r"^[A-Za-z_$][\w$]*$")
DECLARATION = re.compile(
    r"^(?:export\s+)?(?:const|let|var)\s+(?P<name>[A-Za-z_$][\w$]*)\s*(?::\s*(?P<type>[^=]+?))?\s*=\s*"
    r"(?P<value>\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[^;]*?)\s*;?\s*(?://\s*(?P<help>.*))?$"
)


class TypeScriptTranslator(Translator):
    """Values as TypeScript literals, declared by `let`: their types are wide, and later cells may assign to them."""

    @classmethod
    def translate_escaped_str(cls, str_val):
        return json.dumps(str(str_val))

    @classmethod
    def translate_none(cls, val):
        return "null"

    @classmethod
    def translate_int(cls, val):
        return str(val) if abs(val) <= SAFE_INTEGER else f"{val}n"

    @classmethod
    def translate_float(cls, val):
        if math.isnan(val):
            return "NaN"
        if math.isinf(val):
            return "Infinity" if val > 0 else "-Infinity"
        return repr(val)

    @classmethod
    def translate_dict(cls, val):
        members = (f"[{json.dumps(str(key))}]: {cls.translate(member)}" for key, member in val.items())
        return f"{{ {', '.join(members)} }}" if val else "{}"

    @classmethod
    def translate_list(cls, val):
        return f"[{', '.join(cls.translate(member) for member in val)}]"

    @classmethod
    def comment(cls, cmt_str):
        return f"// {cmt_str}".strip()

    @classmethod
    def assign(cls, name, str_val):
        if not NAME.match(name):
            raise PapermillException(f"{name!r} cannot name a variable in TypeScript; rename the parameter")
        return f"let {name} = {str_val};"

    @classmethod
    def inspect(cls, parameters_cell):
        found = (DECLARATION.match(line.strip()) for line in parameters_cell["source"].split("\n"))
        return [
            Parameter(
                name=each["name"],
                inferred_type_name=(each["type"] or "None").strip(),
                default=each["value"],
                help=each["help"] or "",
            )
            for each in found
            if each
        ]


class Engine(NBClientEngine):
    """papermill's own engine, under the name by which this module is found."""


papermill_translators.register("typescript", TypeScriptTranslator)
