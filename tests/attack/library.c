// A library that does nothing.
int driftcore_library(void)
{
	return 42;
}
