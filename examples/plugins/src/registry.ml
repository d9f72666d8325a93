(** The formats that plugins implement. *)

type row = (string * string) list

let formats : (string, row list -> string) Hashtbl.t = Hashtbl.create 8

(** A plugin calls this when it is loaded. *)
let register name print = Hashtbl.replace formats name print
