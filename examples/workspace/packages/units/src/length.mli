(** Lengths. *)

type t

val metres : float -> t

val of_string : string -> t option
(** [of_string "3 ft"] is three feet; metres (m), feet (ft) and miles (mi) are known. *)

val add : t -> t -> t

val to_string : t -> string
(** In metres, with two digits after the decimal point. *)
