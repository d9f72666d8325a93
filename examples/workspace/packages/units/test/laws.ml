open OUnit2
open Units

let shown = Option.map Length.to_string

let tests =
  "lengths"
  >::: [
         ("feet" >:: fun _ -> assert_equal (Some "0.91 m") (shown (Length.of_string "3 ft")));
         ("no unit" >:: fun _ -> assert_equal None (Length.of_string "3"));
         ("sum" >:: fun _ -> assert_equal "3.00 m" Length.(to_string (add (metres 1.) (metres 2.))));
       ]

let () = run_test_tt_main tests
