"""The OCaml builders as real SCons builders: in env['BUILDERS'], with src_builder, emitters, srcdir= and overrides.

Each is implemented by a function in builders.py, which is imported when the builder is first called.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import SCons.Action
import SCons.Builder
import SCons.Errors

from rebel_tools.ocaml.names import SUFFIXES
from rebel_tools.scons.calls import in_source_folder
from rebel_tools.scons.compat import EmitterProxy, OverrideWarner, forget_lookups, in_the_name_of_scons

# Name of a builder -> its function in builders.py, and the variable that holds its emitters.
BUILDERS = {
    "OCamlAlias": ("ocaml_alias", ""),
    "OCamlObject": ("ocaml_object", "OCAMLOBJEMITTER"),
    "OCamlLibrary": ("ocaml_library", "OCAMLLIBEMITTER"),
    "OCamlProgram": ("ocaml_program", "OCAMLPROGEMITTER"),
    "OCamlPlugin": ("ocaml_plugin", ""),
}


class OCamlBuilder(SCons.Builder.BuilderBase):
    """A builder that adds steps to the plan, instead of creating nodes with an action of its own."""

    def __init__(self, name: str):
        self.function, emitter = BUILDERS[name]
        super().__init__(
            name=name,
            emitter=EmitterProxy(emitter) if emitter else None,
            src_suffix=list(SUFFIXES),
            src_builder=["OCamlLex", "OCamlYacc"],
        )

    def __call__(self, env: Any, target: Any = None, source: Any = None, *args: Any, **kw: Any) -> Any:
        if "srcdir" in kw:
            source = in_source_folder(source, kw.pop("srcdir"))
        return super().__call__(env, target, source, *args, **kw)

    def _execute(
        self, env: Any, target: Any, source: Any, overwarn: Any = None, executor_kw: dict[str, Any] | None = None
    ) -> Any:
        if overwarn:
            overwarn.warn()
        function = getattr(import_module("rebel_tools.scons.builders"), self.function)
        return function(self, env, target, source, bool((executor_kw or {}).get("chdir")))

    in_the_name_of_scons(__call__)
    in_the_name_of_scons(_execute)

    def suffixes(self, env: Any) -> list[str]:
        """The suffixes of possible sources."""
        forget_lookups(self)
        found: list[str] = self.src_suffixes(env)
        return found

    def made_sources(self, env: Any, nodes: list[Any]) -> list[Any]:
        """The sources, with those that another builder (such as OCamlLex) converts replaced by its results."""
        forget_lookups(self)
        found: list[Any] = self.src_builder_sources(env, nodes, OverrideWarner({}))
        return list(dict.fromkeys(found))

    def emitted(self, env: Any, targets: list[Any], sources: list[Any]) -> tuple[list[Any], list[Any]]:
        """Targets and sources after the user's emitters."""
        found: tuple[list[Any], list[Any]] = self._create_nodes(env, targets, sources)
        return found


def lexer() -> Any:
    """The builder OCamlLex: `l.ml` from `l.mll`."""
    action = SCons.Action.Action("$OCAMLLEXCOM", "$OCAMLLEXCOMSTR")
    return SCons.Builder.Builder(action=action, suffix=".ml", src_suffix=".mll", single_source=True, name="OCamlLex")


def parser() -> Any:
    """The builder OCamlYacc: `p.ml` and `p.mli` from `p.mly`."""
    action = SCons.Action.Action("$OCAMLYACCCOM", "$OCAMLYACCCOMSTR")
    return SCons.Builder.Builder(
        action=action, suffix=".ml", src_suffix=".mly", single_source=True, emitter=_with_interface, name="OCamlYacc"
    )


def _with_interface(target: list[Any], source: list[Any], env: Any) -> tuple[list[Any], list[Any]]:
    interface = target[0].dir.File(target[0].name + "i")
    return [target[0], interface], source
