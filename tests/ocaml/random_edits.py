"""Random edits of a random project. Each changes it and returns a description, or None if it does not apply."""

from __future__ import annotations

import random

from random_extras import STUBS, Pre, Stub
from random_project import (
    APP,
    HOSTILE,
    HOWS,
    REFMT,
    SHAPES,
    Module,
    Package,
    Project,
    Target,
    Use,
    random_form,
    random_uses,
)

NEW_NAMES = ("R0", "R1", "R2", "R3", "R4'", "R'5", "R_6", "RUp", "R8")


def _any_module(rng: random.Random, project: Project) -> tuple[Package, Module]:
    package = rng.choice(list(project.packages.values()))
    return package, rng.choice(package.modules)


def edit_const(rng, project):
    package, module = _any_module(rng, project)
    module.const += 1
    return f"another constant in {package.name} {module.name}"


def edit_top_comment(rng, project):
    package, module = _any_module(rng, project)
    module.top += 1
    return f"comment at the top of {package.name} {module.name}"


def edit_bottom_comment(rng, project):
    package, module = _any_module(rng, project)
    module.bottom += 1
    return f"comment at the end of {package.name} {module.name}"


def edit_shape(rng, project):
    package, module = _any_module(rng, project)
    module.shape = (module.shape + 1) % len(SHAPES)
    return f"another type in {package.name} {module.name}"


def edit_extras(rng, project):
    package, module = _any_module(rng, project)
    module.extras = max(0, module.extras + rng.choice((-1, 1, 1)))
    return f"{module.extras} more values in {package.name} {module.name}"


def edit_interface(rng, project):
    package, module = _any_module(rng, project)
    module.interface = not module.interface
    return f"{'add' if module.interface else 'remove'} the interface of {package.name} {module.name}"


def edit_only_interface(rng, project):
    package, module = _any_module(rng, project)
    if module.name == "List" or module.broken:
        return None
    module.only_interface = not module.only_interface
    return f"{package.name} {module.name} {'loses its implementation' if module.only_interface else 'is whole again'}"


def edit_language(rng, project):
    package, module = _any_module(rng, project)
    module.reason = not module.reason and REFMT is not None
    return f"{package.name} {module.name} in {'Reason' if module.reason else 'OCaml'}"


def edit_form(rng, project):
    package, module = _any_module(rng, project)
    module.form = rng.choice([form for form in ("", "lexer", "text") if form != module.form])
    return f"{package.name} {module.name} is made of {module.form or 'nothing else'}"


def edit_grammar(rng, project):
    package, _ = _any_module(rng, project)
    package.grammar = rng.choice([n for n in range(4) if n != package.grammar])
    return f"grammar {package.grammar} in {package.name}"


def edit_code(rng, project):
    package, _ = _any_module(rng, project)
    package.code = rng.choice([n for n in range(4) if n != package.code])
    return f"{package.code or 'no'} C in {package.name}"


def edit_module_flags(rng, project):
    package, module = _any_module(rng, project)
    module.quiet = not module.quiet
    return f"{package.name} {module.name} {'gets' if module.quiet else 'loses'} flags of its own"


def edit_uses(rng, project):
    package, module = _any_module(rng, project)
    random_uses(rng, project, package, module)
    return f"other dependencies of {package.name} {module.name}"


def edit_how(rng, project):
    package, module = _any_module(rng, project)
    if not module.uses:
        return None
    use = rng.choice(module.uses)
    use.how = rng.choice(HOWS)
    return f"{package.name} {module.name} uses {use.module} by {use.how}"


def edit_rename(rng, project):
    package, module = _any_module(rng, project)
    old, new = module.name, rng.choice([name for name in NEW_NAMES if not package.module(name)])
    module.name = new
    for other in project.packages.values():
        for use in [u for m in other.modules for u in m.uses]:
            if use.module == old and (use.package or other.name) == package.name:
                use.module = new
    return f"rename {package.name} {old} to {new}"


def edit_delete(rng, project):
    package, module = _any_module(rng, project)
    if len(package.modules) < 2:
        return None
    package.modules.remove(module)
    return f"delete {package.name} {module.name}"


def edit_add(rng, project):
    package, _ = _any_module(rng, project)
    module = Module(next(f"N{n}" for n in range(99) if not package.module(f"N{n}")), rng.randrange(100))
    random_form(rng, module)
    package.modules.append(module)
    random_uses(rng, project, package, module)
    return f"add {package.name} {module.name}"


def edit_shadow_list(rng, project):
    package, _ = _any_module(rng, project)
    shadow = package.module("List")
    if shadow:
        package.modules.remove(shadow)
        return f"remove the module List of {package.name}"
    package.modules.insert(0, Module("List", rng.randrange(100), interface=rng.random() < 0.5))
    return f"add a module List to {package.name}"


def edit_shadow_opened(rng, project):
    """A module with the name of one that its user reaches by opening a package: a cycle, if only names are read."""
    app = project.packages[APP]
    for module in app.modules:
        for use in module.uses:
            if use.how == "open" and use.package and not app.module(use.module):
                app.modules.append(Module(use.module, rng.randrange(100), uses=[Use("call", "", module.name)]))
                return f"add a module {use.module}, which {module.name} opens a package for and which uses it"
    return None


def edit_move(rng, project):
    package, module = _any_module(rng, project)
    module.folder = "" if module.folder else "else/where/"
    return f"move {package.name} {module.name} to src/{module.folder}"


def edit_flags(rng, project):
    choices = [["-w", "-8"], ["-principal"], ["-g"], [], ["-I", 'none $(touch ran) `touch ran` ${__name__} "> ran']]
    if project.scripted:
        choices.pop()  # words of an SConstruct are expanded by SCons
    project.flags = rng.choice([flags for flags in choices if flags != project.flags])
    return f"compile with {project.flags}"


def edit_findlib(rng, project):
    package, module = _any_module(rng, project)
    package.findlib = [] if package.findlib else ["str"]
    module.findlib = bool(package.findlib)
    return f"findlib packages {package.findlib} in {package.name}"


def edit_dependency(rng, project):
    """The program stops using lib_b, or uses it again; uses of it that remain are left out."""
    app = project.packages[APP]
    app.uses = ["lib-a"] if len(app.uses) > 1 else ["lib-a", "lib_b"]
    return f"dependencies {app.uses}"


def edit_public(rng, project):
    package, _ = _any_module(rng, project)
    if package.name == APP:
        return None
    package.public = not package.public
    return f"{package.name} {'gets' if package.public else 'loses'} a public face"


def edit_version(rng, project):
    package, _ = _any_module(rng, project)
    package.version += 1
    return f"another version number of {package.name}"


def edit_targets(rng, project):
    """Add, remove and rename targets, and change their flags and engines, so that they share more or less."""
    if project.scripted or project.workspace:
        return None
    if not project.more or len(project.more) < 3 and rng.random() < 0.4:
        name = rng.choice([name for name in ("tool", "aaa", "server.x") if name not in project.asked])
        engine = "native" if project.stub else rng.choice(("native", "native", "byte"))
        project.more.insert(rng.randint(0, len(project.more)), Target(name, engine))
        return f"add the target {name}"
    target = rng.choice(project.more)
    what = rng.choice(("remove", "rename", "flags", "flags", "link", "engine", "order"))
    if what == "remove":
        project.more.remove(target)
    elif what == "rename":
        target.name = rng.choice([name for name in ("tool", "b", "server.x", "z-1") if name not in project.asked])
    elif what == "flags":
        target.flags = rng.choice([flags for flags in ([], ["-principal"], ["-w", "-9"]) if flags != target.flags])
    elif what == "link":
        target.link = [] if target.link else ["-linkall"]
    elif what == "engine" and not project.stub:
        target.engine = "byte" if target.engine == "native" else "native"
    else:
        project.more.reverse()
    return f"{what} of the target {target.name}: now {project.more}"


def edit_folder(rng, project):
    package, module = _any_module(rng, project)
    module.folder = rng.choice([folder for folder in HOSTILE if folder != module.folder])
    return f"move {package.name} {module.name} to src/{module.folder}"


def edit_stub(rng, project):
    """Add, remove or change C code that is named by flags only, or the way in which they name it."""
    if not project.native or project.workspace:
        return None
    if project.stub is None:
        project.stub = Stub(rng.choice(list(STUBS)), rng.randrange(10, 100))
    elif rng.random() < 0.6:
        project.stub.number = rng.randrange(10, 100)
    elif rng.random() < 0.7:
        project.stub.how = rng.choice([how for how in STUBS if how != project.stub.how])
    else:
        project.stub = None
    return f"code of C in flags: {project.stub}"


def edit_preprocessor(rng, project):
    """Add, remove or change a preprocessor, or a file that it reads: same size, new, or removed."""
    if project.pre is None:
        project.pre = Pre("key" if project.workspace else rng.choice(("flag", "key")))
        return "a preprocessor comes"
    pre, what = project.pre, rng.choice(("number", "number", "script", "more", "less", "how", "goes"))
    if what == "number":
        pre.numbers[rng.choice(list(pre.numbers))] = rng.randrange(10)
    elif what == "script":
        pre.added = (pre.added + 1) % 10
    elif what == "more":
        pre.numbers[rng.choice("bcdef")] = rng.randrange(1, 10)
    elif what == "less" and len(pre.numbers) > 1:
        pre.numbers.pop(rng.choice(list(pre.numbers)))
    elif what == "how" and not project.workspace and not project.scripted:
        pre.how = "key" if pre.how == "flag" else "flag"
    elif what == "goes":
        project.pre = None
    return f"{what} of the preprocessor: {project.pre}"


def edit_profile(rng, project):
    if project.scripted:
        return None
    project.profile = "release" if project.profile == "dev" else "dev"
    return f"build in the profile {project.profile}"


def edit_member(rng, project):
    if not project.workspace:
        return None
    project.extra = not project.extra
    return f"one member {'more' if project.extra else 'less'}"


def edit_break(rng, project):
    package, module = _any_module(rng, project)
    if module.only_interface:
        return None
    module.broken = "" if module.broken else rng.choice(("let x : int = true", "let let", "let y = Nowhere.z"))
    return f"{'break' if module.broken else 'mend'} {package.name} {module.name}"


def edit_mend(rng, project):
    broken = [m for p in project.packages.values() for m in p.modules if m.broken]
    for module in broken:
        module.broken = ""
    return f"mend {len(broken)} modules" if broken else None


EDITS = {name[5:]: function for name, function in sorted(globals().items()) if name.startswith("edit_")}
"""Edits of sources, by name."""
