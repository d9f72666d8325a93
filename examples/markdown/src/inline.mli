(** Markup inside a line: emphasis, code, links, images. *)

val render : string -> string
(** The text as HTML. What is not well-formed markup stays as it is, escaped. *)
