(** Pieces of HTML. *)

val escape : string -> string
(** The text with ampersands, angle brackets and quotation marks as entities. *)

val element : string -> ?attributes:(string * string) list -> string -> string
(** [element tag ~attributes content]: attribute values are escaped, the content is HTML already. *)

val empty : string -> (string * string) list -> string
(** An element without content and without an end, such as [img]. *)
