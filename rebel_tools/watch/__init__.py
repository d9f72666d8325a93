"""`rebel watch`: builds again whenever something that the build read has changed."""
