%token <string> WORD
%token EQUAL DIFFERENT CONTAINS AT_LEAST
%token AND OR NOT OPEN CLOSE
%token END

%left OR
%left AND
%nonassoc NOT

%start <Query.t> filter
%%

(* These rules have no type declarations: their types are inferred from Query. *)

filter: query = query END { query }

query:
| field = WORD comparison = comparison value = WORD { Query.Compare (field, comparison, value) }
| AT_LEAST level = WORD { Query.At_least level }
| NOT query = query { Query.Not query }
| a = query AND b = query { Query.And (a, b) }
| a = query OR b = query { Query.Or (a, b) }
| OPEN query = query CLOSE { query }

comparison:
| EQUAL { Query.Equal }
| DIFFERENT { Query.Different }
| CONTAINS { Query.Contains }
