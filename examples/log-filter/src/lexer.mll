{
open Parser

exception Error of char

let keywords = [ ("and", AND); ("or", OR); ("not", NOT); ("contains", CONTAINS); ("from", AT_LEAST) ]
}

let letter = ['a'-'z' 'A'-'Z' '0'-'9' '_' '-' '.' '/']

(* A filter: from warning and not (user = "ann" or path contains /api/) *)
rule token = parse
| [' ' '\t' '\n'] { token lexbuf }
| '=' { EQUAL }
| "!=" { DIFFERENT }
| '(' { OPEN }
| ')' { CLOSE }
| '"' ([^ '"']* as text) '"' { WORD text }
| letter+ as word { match List.assoc_opt word keywords with Some keyword -> keyword | None -> WORD word }
| eof { END }
| _ as other { raise (Error other) }

(* The fields of a line: level=info user=ann text="all is well" *)
and fields found = parse
| [' ' '\t'] { fields found lexbuf }
| (letter+ as name) '=' '"' ([^ '"']* as value) '"' { fields ((name, value) :: found) lexbuf }
| (letter+ as name) '=' ([^ ' ' '"']* as value) { fields ((name, value) :: found) lexbuf }
| eof { List.rev found }
| _ { fields found lexbuf }
