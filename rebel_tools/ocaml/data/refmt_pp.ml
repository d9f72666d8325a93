(* refmt_pp REFMT [FILE -o OUTPUT]...: the syntax trees of Reason files, for the compiler that compiled this program.

   refmt writes the tree of a fixed OCaml version (4.06 for refmt 3.6), which other compilers refuse. ppxlib knows the
   trees of all versions and keeps locations, so that errors and warnings point into the .re file.
   A file that cannot be converted leaves no output; the others are converted all the same. *)

open Ppxlib_ast

exception Failed of int

let fail format =
  Printf.ksprintf (fun text -> prerr_endline ("refmt_pp: " ^ text); raise (Failed 2)) format

let refmt_arguments refmt file =
  let interface = if Filename.check_suffix file ".rei" then "true" else "false" in
  [| refmt; "--parse"; "re"; "--print"; "binary"; "--interface"; interface; file |]

(* refmt prints its own errors; where it fails, so do we, with its status. *)
let wait pid = match Unix.waitpid [] pid with
  | _, Unix.WEXITED 0 -> ()
  | _, Unix.WEXITED status -> raise (Failed status)
  | _, (Unix.WSIGNALED signal | Unix.WSTOPPED signal) -> fail "refmt was stopped by signal %d" signal

let write output magic file tree =
  let channel = open_out_bin output in
  output_string channel magic;
  output_value channel (file : string);
  output_value channel tree;
  close_out channel

let convert input output magic file =
  let module Target = Compiler_version in
  let tree () = ignore (input_value input : string); input_value input in
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

let start refmt file =
  let read_end, write_end = Unix.pipe ~cloexec:true () in
  match Unix.create_process refmt (refmt_arguments refmt file) Unix.stdin write_end Unix.stderr with
  | exception Unix.Unix_error (error, _, _) -> fail "%s: %s" refmt (Unix.error_message error)
  | pid -> Unix.close write_end; pid, Unix.in_channel_of_descr read_end

let run refmt file output =
  if Sys.file_exists output then Sys.remove output;
  let pid, input = start refmt file in
  set_binary_mode_in input true;
  let read () =
    let magic = really_input_string input (String.length Compiler_version.Ast.Config.ast_impl_magic_number) in
    convert input output magic file in
  match read () with
  | finish -> close_in input; wait pid; finish ()
  | exception (End_of_file | Failure _) ->
    close_in input; wait pid; fail "%s wrote no syntax tree for %s" refmt file

let rec run_all refmt status = function
  | [] -> exit status
  | file :: "-o" :: output :: rest ->
    let status = match run refmt file output with () -> status | exception Failed status -> status in
    run_all refmt status rest
  | _ -> prerr_endline "usage: refmt_pp REFMT [FILE -o OUTPUT]..."; exit 2

let () = match Array.to_list Sys.argv with
  | _ :: refmt :: files -> run_all refmt 0 files
  | _ -> run_all "" 0 [""]
