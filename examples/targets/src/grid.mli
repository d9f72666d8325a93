(** A Sudoku: 81 cells, 0 for unknown ones. *)

type t

val parse : string -> (t, string) result
(** The first 81 digits, dots (unknown) and zeros of a text; other characters are ignored. *)

val to_string : t -> string
val get : t -> int -> int
val set : t -> int -> int -> t

val peers : int -> int list
(** The other cells of the row, the column and the box of a cell. *)

val conflict : t -> (int * int) option
(** Two cells that see each other and hold the same digit. *)
