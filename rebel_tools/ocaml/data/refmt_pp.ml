(* refmt_pp REFMT [FILE -o OUTPUT]...: the syntax trees of Reason files, for the compiler that compiled this program.

   refmt writes the tree of a fixed OCaml version (4.06 for refmt 3.6), which other compilers do not accept. Tree_406
   converts it to one that every ppxlib supports, and ppxlib to that of the compiler. Locations are kept, so that errors
   and warnings refer to the .re file.
   Most of the time of refmt is its start, so one process makes the trees of many files, one after another.
   A file that cannot be converted has no output; the others are still converted. *)

open Ppxlib_ast

type job = { file : string; output : string }

exception Failed of int * string

let fail format = Printf.ksprintf (fun text -> raise (Failed (2, "refmt_pp: " ^ text ^ "\n"))) format

let is_interface job = Filename.check_suffix job.file ".rei"

let refmt_arguments refmt jobs =
  let interface = string_of_bool (is_interface (List.hd jobs)) in
  let files = List.map (fun job -> job.file) jobs in
  Array.of_list (refmt :: "--parse" :: "re" :: "--print" :: "binary" :: "--interface" :: interface :: files)

(* refmt prints its own errors; if it fails, this program fails with the same status. *)
let wait pid = match Unix.waitpid [] pid with
  | _, Unix.WEXITED 0 -> ()
  | _, Unix.WEXITED status -> raise (Failed (status, ""))
  | _, (Unix.WSIGNALED signal | Unix.WSTOPPED signal) -> fail "refmt was stopped by signal %d" signal

let write output magic file tree =
  let channel = open_out_bin output in
  output_string channel magic;
  output_value channel (file : string);
  output_value channel tree;
  close_out channel

let convert input { file; output } magic =
  let module Target = Compiler_version in
  let tree () =
    let name : string = input_value input in
    if name <> file then fail "refmt wrote a syntax tree of %s instead of %s" name file;
    input_value input in
  let magic, tree = match List.assoc_opt magic Tree_406.magics with
    | Some (newer, shape) -> newer, fun () -> Obj.obj (Tree_406.convert shape (tree ()))
    | None -> magic, tree in
  match Find_version.from_magic magic with
  | Impl (module Source) ->
    let module To = Convert (Source) (Target) in
    let tree = To.copy_structure (tree ()) in
    fun () -> write output Target.Ast.Config.ast_impl_magic_number file tree
  | Intf (module Source) ->
    let module To = Convert (Source) (Target) in
    let tree = To.copy_signature (tree ()) in
    fun () -> write output Target.Ast.Config.ast_intf_magic_number file tree
  | Unknown -> fail "refmt wrote a syntax tree %S that this version of ppxlib does not know" magic

(* Reads the next tree; the result is a function that writes it. *)
let read refmt input job =
  match
    let length = String.length Compiler_version.Ast.Config.ast_impl_magic_number in
    convert input job (really_input_string input length)
  with
  | finish -> finish
  | exception (End_of_file | Failure _) -> fail "%s wrote no syntax tree for %s" refmt job.file

let start refmt jobs errors =
  let read_end, write_end = Unix.pipe ~cloexec:true () in
  match Unix.create_process refmt (refmt_arguments refmt jobs) Unix.stdin write_end errors with
  | exception Unix.Unix_error (error, _, _) -> fail "%s: %s" refmt (Unix.error_message error)
  | pid -> Unix.close write_end; pid, Unix.in_channel_of_descr read_end

(* Unexpected output is read to its end, so that refmt can end by itself and its status is known. *)
let drain input = try while true do ignore (input_char input) done with End_of_file -> ()

(* All trees or none: they are only valid if refmt has ended successfully. *)
let run refmt jobs errors =
  let pid, input = start refmt jobs errors in
  set_binary_mode_in input true;
  match List.rev (List.fold_left (fun found job -> read refmt input job :: found) [] jobs) with
  | finish -> close_in input; wait pid; List.iter (fun f -> f ()) finish
  | exception (Failed _ as failure) -> drain input; close_in input; wait pid; raise failure

let run_alone refmt status job =
  match run refmt [job] Unix.stderr with
  | () -> status
  | exception Failed (status, text) -> prerr_string text; status

(* If one of the files has an error, each file gets a process of its own, which reports it. *)
let run_together refmt status jobs =
  let errors = Unix.openfile "/dev/null" [Unix.O_WRONLY; Unix.O_CLOEXEC] 0 in
  match run refmt jobs errors with
  | () -> Unix.close errors; status
  | exception Failed _ -> Unix.close errors; List.fold_left (run_alone refmt) status jobs

let run_all refmt jobs =
  List.iter (fun { output } -> if Sys.file_exists output then Sys.remove output) jobs;
  let interfaces, implementations = List.partition is_interface jobs in
  List.fold_left (fun status -> function
    | [] -> status
    | [job] -> run_alone refmt status job
    | jobs -> run_together refmt status jobs) 0 [implementations; interfaces]

let rec parse = function
  | [] -> []
  | file :: "-o" :: output :: rest -> { file; output } :: parse rest
  | _ -> prerr_endline "usage: refmt_pp REFMT [FILE -o OUTPUT]..."; exit 2

let () = match Array.to_list Sys.argv with
  | _ :: refmt :: files -> exit (run_all refmt (parse files))
  | _ -> exit (run_all "" (parse [""]))
