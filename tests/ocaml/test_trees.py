"""The conversion of refmt's syntax trees, compared with that of ppxlib as far as ppxlib still has one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hang import SECONDS
from needs import missing_for_reason, needs_reason

from rebel_tools.ocaml import reason

# Prints the paths at which two trees differ: the one of `tree_406.ml` and the one of ppxlib, both for OCaml 4.08.
COMPARE = """
open Ppxlib_ast

let rec compare path ours theirs =
  let differs () = print_endline path in
  if ours != theirs then
    match Obj.is_int ours, Obj.is_int theirs with
    | false, false when Obj.tag ours <> Obj.tag theirs -> differs ()
    | false, false when Obj.tag ours >= Obj.no_scan_tag -> if Stdlib.compare ours theirs <> 0 then differs ()
    | false, false when Obj.size ours <> Obj.size theirs -> differs ()
    | false, false ->
      for number = 0 to Obj.size ours - 1 do
        compare (Printf.sprintf "%s.%d:%d" path (Obj.tag ours) number) (Obj.field ours number) (Obj.field theirs number)
      done
    | _ -> differs ()

let both input =
  let magic = really_input_string input 12 in
  let _name : string = input_value input in
  let tree = input_value input in
  let newer, shape = List.assoc magic Tree_406.magics in
  match Find_version.from_magic magic, Find_version.from_magic newer with
  | Impl (module From), Impl (module To) ->
    let module C = Convert (From) (To) in
    Tree_406.convert shape tree, Obj.repr (C.copy_structure (Obj.obj tree))
  | Intf (module From), Intf (module To) ->
    let module C = Convert (From) (To) in
    Tree_406.convert shape tree, Obj.repr (C.copy_signature (Obj.obj tree))
  | _ -> prerr_endline "unknown"; exit 3

let () =
  let input = open_in_bin Sys.argv.(1) in
  set_binary_mode_in input true;
  let ours, theirs = both input in
  compare "" ours theirs
"""

STRUCTURE = """
open List; open! Array; include String;
exception Foo(int); exception Bar = Foo;
[@deprecated "use Foo"] exception Old; [@other] exception New(string);
type t('a) = ..; type t('a) += | A(int) | B;
type poly = [> `A | `B(int) | `C(int, string) ]; type closed = [< `A | `B(int) > `A ];
type both = [ poly | `D([@x] int) ];
type obj = {. "a": int, "b": [@doc "b"] string}; type obj2 = {.. "a": int};
type r = {mutable x: int, y: [@doc "y"] option(string)};
type v = | One | Two(int, string) | Three({a: int, b: float});
type gadt(_) = | Int(int): gadt(int);
type constr('a) = 'a constraint 'a = list('b);
module type S = {type t; let x: t;};
module F = (X: S, Y: S with type t = int) : (S with type t := int) => {type t = int; let x = 1;};
module A = F(X, Y);
module rec A1: {} = {} and B1: {} = {};
let pack = (module M: S); let (module N: S) = pack;
let g = {pub x = 1; val mutable y = 2; pri z: int = 3; pub virtual_ = y; initializer ignore(1)};
let h = {...r, x: 1}; let a = [|1, 2|]; let l = [1, 2, ...rest];
let rec loop = x => if (x > 0) {while (true) {()}; for (i in 0 to 10) {print_int(i)}} else {()};
let f = (~a, ~b=1, ~c=?, d: int, ()) => switch (d) { | 1 | 2 => `A | 3 when true => `B(1) | _ => assert(false)};
let caught = try (f()) { | Not_found => 1};
let lz = lazy(1); let (lazy(x)) = lz;
let ext = [%foo bar]; [%%top let x = 1];
let coer = (x :> int); let coer2 = (x : string :> int);
class foo(x: int) = {as self; val y = x; pub get = y; inherit (class bar)(1) as super; constraint int = int;};
class type ct = {inherit foo; pub x: int; val y: string; pri z: int;};
class virtual cv = {pub virtual x: int; val virtual y: string;};
let opened = List.(map(x, y)); let blocked = {open List; map};
let poly: type a. a => a = x => x; let poly2: 'a. 'a => 'a = x => x;
let exn = {exception X(int); 1}; let m = {module Inner = {let x = 1;}; Inner.x};
let sent = a#b; let fresh = new foo(1); let jsx = <div className="x"> {foo} </div>;
external id: int => int = "%identity";
type labelled = (~x: int, ~y: string=?, int) => int; type pk = (module S with type t = int);
module type MT = (module type of List) with type t = int;
"""

SIGNATURE = """
open List; include Set.OrderedType;
type t; type u += | A(int); exception E(int); [@deprecated "x"] exception Old;
let f: (int, ~label: string) => t; external g: int => int = "g";
module M: {type u;}; module type T; module rec A: {} and B: {};
class c: {pub x: int;}; class type ct = {val y: string;};
[%%extension];
"""


@pytest.fixture(scope="module")
def compare(tmp_path_factory):
    """Compare the two conversions of refmt's tree of a source; return the paths that differ."""
    if missing_for_reason():
        pytest.skip(missing_for_reason())
    folder = tmp_path_factory.mktemp("compare")
    shutil.copy(reason.DRIVER_SOURCES[0], folder)
    (folder / "compare.ml").write_text(COMPARE)
    command = ["ocamlfind", "ocamlopt", "-w", "-a", "-package", "ppxlib.ast", "-linkpkg", "-o", "compare"]
    subprocess.run([*command, "tree_406.ml", "compare.ml"], cwd=folder, check=True, capture_output=True)

    def differences(source: Path, language: str = "re") -> list[str]:
        interface = str(source.suffix.endswith("i")).lower()
        refmt = [reason.find_refmt(str(folder)), "--parse", language, "--print", "binary", "--interface", interface]
        made = subprocess.run([*refmt, str(source)], capture_output=True, timeout=SECONDS)
        assert made.returncode == 0, made.stderr.decode()
        (folder / "tree").write_bytes(made.stdout)
        run = subprocess.run([folder / "compare", folder / "tree"], capture_output=True, text=True, timeout=SECONDS)
        if run.returncode == 3:
            pytest.skip("this ppxlib does not know the trees of OCaml 4.06, and there is nothing to compare with")
        assert run.returncode == 0, run.stderr
        return run.stdout.splitlines()

    (folder / "probe.re").write_text("let x = 1;")
    differences(folder / "probe.re")
    return differences


@pytest.mark.parametrize(("suffix", "text"), [(".re", STRUCTURE), (".rei", SIGNATURE)])
def test_every_construction(compare, tmp_path, suffix, text):
    source = tmp_path / f"all{suffix}"
    source.write_text(text)
    assert compare(source) == []


@pytest.mark.parametrize("name", ["list.ml", "camlinternalOO.ml", "arg.mli", "scanf.ml", "camlinternalFormat.ml"])
def test_sources_of_the_standard_library(compare, name):
    where = subprocess.run(["ocamlfind", "ocamlc", "-where"], capture_output=True, text=True, check=True).stdout.strip()
    assert compare(Path(where) / name, "ml") == []


@needs_reason()
def test_what_was_converted_compiles_with_the_right_places(project):
    """Every step up to the installed compiler, and not only the first one."""
    project.write("package.json", '{"name": "app", "rebel": {}}')
    project.write(
        "src/index.re", "exception E(int);\nlet f = x => {open! List; map((y) => y + 1, x)};\nlet z: string = f([1]);\n"
    )
    failed = project.run(sys.executable, "-m", "rebel_tools", "build", rc=2)
    assert 'File "src/index.re", line 3, characters 16-22' in failed.text
