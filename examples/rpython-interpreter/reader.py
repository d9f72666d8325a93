"""The syntax: words, numbers, "strings" and (lists of them)."""
from objspace import error


class Node(object):
    line = 0


class Word(Node):
    def __init__(self, name, line):
        self.name = name
        self.line = line


class Number(Node):
    def __init__(self, value):
        self.value = value


class Text(Node):
    def __init__(self, value):
        self.value = value


class Form(Node):
    def __init__(self, parts, line):
        self.parts = parts
        self.line = line


class Reader(object):
    def __init__(self, source):
        self.source = source
        self.at = 0
        self.line = 1

    def forms(self):
        found = []
        self.skip()
        while self.at < len(self.source):
            found.append(self.form())
            self.skip()
        return found

    def skip(self):
        while self.at < len(self.source):
            c = self.source[self.at]
            if c == ";":
                while self.at < len(self.source) and self.source[self.at] != "\n":
                    self.at += 1
                continue
            if c != " " and c != "\n" and c != "\t":
                return
            if c == "\n":
                self.line += 1
            self.at += 1

    def form(self):
        c = self.source[self.at]
        if c == "(":
            return self.parenthesis()
        if c == '"':
            return self.string()
        return self.atom()

    def parenthesis(self):
        line = self.line
        self.at += 1
        parts = []
        self.skip()
        while self.at < len(self.source) and self.source[self.at] != ")":
            parts.append(self.form())
            self.skip()
        if self.at >= len(self.source):
            raise error("SyntaxError", "line " + str(line) + ": no closing parenthesis")
        self.at += 1
        return Form(parts, line)

    def string(self):
        start = self.at + 1
        end = self.source.find('"', start)
        if end < 0:
            raise error("SyntaxError", "line " + str(self.line) + ": no closing quote")
        self.at = end + 1
        return Text(self.source[start:end])

    def atom(self):
        start = self.at
        while self.at < len(self.source) and self.source[self.at] not in ' \n\t()";':
            self.at += 1
        word = self.source[start:self.at]
        if word[0].isdigit() or (len(word) > 1 and word[0] == "-"):
            try:
                return Number(int(word))
            except ValueError:
                raise error("SyntaxError", "line " + str(self.line) + ": bad number " + word)
        return Word(word, self.line)
