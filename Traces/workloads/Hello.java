import java.util.ArrayList;
import java.util.List;

/** Fills and drops lists on three threads, so that the collector has something to do. */
class Hello {
    public static void main(String[] words) throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (int n = 0; n < 3; n++) {
            Thread thread = new Thread(() -> {
                for (int round = 0; round < 40; round++) {
                    List<byte[]> blocks = new ArrayList<>();
                    for (int size = 1000; size < 40000; size += 500) blocks.add(new byte[size]);
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) thread.join();
        System.out.println("hello");
    }
}
