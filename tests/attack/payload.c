/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest program there is: it is run, and ends. */
int main(void)
{
	return 0;
}
