"""Commands as actions of the Remote Execution API, and a server that stores their results. Independent of SCons."""
