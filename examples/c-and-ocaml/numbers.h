double sum_of(const char *const *texts, int count);
