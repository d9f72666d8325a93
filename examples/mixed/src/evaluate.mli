(** An OCaml interface of a Reason implementation. *)

exception Unknown of string

val value : Expression.t -> float
(** Raises {!Unknown} for a name that is neither [pi] nor [e]. *)
