type token = Number of float | Name of string | Symbol of char

exception Unexpected of { position : int; character : char }

val tokens : string -> token list
