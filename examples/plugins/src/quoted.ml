(* Only the plugin for JSON uses this, so it is part of that plugin and not of the program. *)

let text value = "\"" ^ String.concat "\\\"" (String.split_on_char '"' value) ^ "\""
