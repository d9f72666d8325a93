(* The main module of a program that is linked with the ppx rewriters of a package. *)
let () = Ppxlib.Driver.standalone ()
