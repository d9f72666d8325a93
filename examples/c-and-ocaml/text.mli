val words : string -> string list
(** What is between blanks. *)
