let words = Str.split (Str.regexp "[ \t\n]+")
