val words : string -> string list
(** The words between blanks. *)
