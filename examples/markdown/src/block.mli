(** The blocks of a document. *)

type t =
  | Heading of int * string
  | Paragraph of string
  | Code of { language : string; lines : string list }
  | Quote of t list
  | Items of { first_number : int option; tight : bool; items : t list list }
      (** A list; [first_number] is [None] for bullets. In a tight list no blank line separates the items. *)
  | Rule

val parse : string list -> t list
(** The blocks of a text that is given as its lines. Every text is a document: nothing fails. *)
