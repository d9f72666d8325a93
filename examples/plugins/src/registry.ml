(** The formats that plugins bring. *)

type row = (string * string) list

let formats : (string, row list -> string) Hashtbl.t = Hashtbl.create 8

(** What a plugin calls when it is loaded. *)
let register name print = Hashtbl.replace formats name print
