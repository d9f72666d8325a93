"""Commands as the Remote Execution API has them, results at a server by their keys. Knows nothing of SCons."""
