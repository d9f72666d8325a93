(** An arithmetic expression. Only types: this module has no implementation. *)

type operator = Add | Subtract | Multiply | Divide | Power

type t =
  | Number of float
  | Variable of string
  | Negate of t
  | Binary of operator * t * t
