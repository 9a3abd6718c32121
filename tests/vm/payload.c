// The program whose executions are judged. It does nothing; its status tells that it ran.
// The last byte of an ELF file lies in the section headers, so changing it leaves it runnable.
int main(void)
{
	return 42;
}
