/* Inflates a gzip file and throws the text away: the time that no reader of it can fall below.
 *
 *     inflate FILE
 *
 * 256 KiB buffers, as the reader has them. */

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <zlib.h>

enum { SIZE = 256 * 1024 };

static unsigned char input[SIZE], output[SIZE];

int main(int argc, char **argv)
{
	z_stream stream = { 0 };
	unsigned long long total = 0;
	int file = argc == 2 ? open(argv[1], O_RDONLY) : -1;
	ssize_t count;

	if (file < 0 || inflateInit2(&stream, 15 + 16) != Z_OK) {
		fprintf(stderr, "usage: inflate FILE\n");
		return 64;
	}
	while ((count = read(file, input, SIZE)) > 0) {
		stream.next_in = input;
		stream.avail_in = count;
		do {
			int status;

			stream.next_out = output;
			stream.avail_out = SIZE;
			status = inflate(&stream, Z_NO_FLUSH);
			if (status == Z_STREAM_END)
				inflateReset(&stream);
			else if (status != Z_OK && status != Z_BUF_ERROR)
				return 65;
			total += SIZE - stream.avail_out;
		} while (stream.avail_in > 0 || stream.avail_out == 0);
	}
	printf("%llu bytes\n", total);
	return 0;
}
