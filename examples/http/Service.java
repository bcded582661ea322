// A program that knows nothing of rarangi but its HTTP, with Java's own library:
// java Service.java register NAME PORT | lookup NAME | watch NAME
//
// A service is registered at both servers of its host, by two requests of one key, for as long as
// these last; then the end of one server leaves no gap.

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Timer;
import java.util.TimerTask;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.Stream;

public class Service {
  private static final String[] SIDES =
      System.getenv()
          .getOrDefault("RARANGI_HTTP", "http://127.0.0.1:17342 http://127.0.0.1:17343")
          .split(" ");

  /** A server says every five seconds that it is alive. */
  private static final long SILENCE_MS = 12_000;

  private static final HttpClient CLIENT =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(5))
          .build();

  private static HttpRequest.Builder request(String address) {
    return HttpRequest.newBuilder(URI.create(address)).header("Content-Type", "application/json");
  }

  /** Calls back with each line of the answer, and returns its status. A silent server is left. */
  private static int lines(HttpRequest request, Consumer<String> take)
      throws IOException, InterruptedException {
    HttpResponse<Stream<String>> response = CLIENT.send(request, BodyHandlers.ofLines());
    AtomicLong heard = new AtomicLong(System.nanoTime());
    Timer timer = new Timer(true);
    try (Stream<String> lines = response.body()) {
      timer.schedule(
          new TimerTask() {
            @Override
            public void run() {
              if (System.nanoTime() - heard.get() > SILENCE_MS * 1_000_000) lines.close();
            }
          },
          1_000,
          1_000);
      lines.forEach(
          line -> {
            heard.set(System.nanoTime());
            take.accept(line);
          });
    } finally {
      timer.cancel();
    }
    return response.statusCode();
  }

  /** Holds the registration at one server, again and again, until it is refused. */
  private static void hold(String side, String offer) {
    HttpRequest request =
        request(side + "/v1/register").POST(HttpRequest.BodyPublishers.ofString(offer)).build();
    for (long pauseMs = 250; ; pauseMs = Math.min(pauseMs * 2, 5_000)) {
      try {
        int status = lines(request, System.err::println);
        if (status == 200) pauseMs = 250;
        if (status >= 400 && status < 500 && status != 429) System.exit(1);
      } catch (IOException | RuntimeException gone) {
        // The server is not there, or has gone.
      } catch (InterruptedException ended) {
        return;
      }
      pause(pauseMs);
    }
  }

  private static void pause(long ms) {
    try {
      Thread.sleep(ms);
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    }
  }

  private static void register(String name, String port) {
    byte[] key = new byte[16];
    new SecureRandom().nextBytes(key);
    String offer =
        "{\"service\":\"%s\",\"port\":%d,\"key\":\"%s\"}"
            .formatted(name, Integer.parseInt(port), HexFormat.of().formatHex(key));
    for (String side : SIDES) new Thread(() -> hold(side, offer)).start();
  }

  /** Prints addresses. 1 says that there surely is none, 5 that nobody can tell. */
  private static int lookup(String name) throws InterruptedException {
    for (String side : SIDES) {
      try {
        String address = side + "/v1/services/" + encoded(name) + "?format=hostport";
        HttpResponse<String> answer =
            CLIENT.send(request(address).build(), BodyHandlers.ofString());
        if (answer.statusCode() == 404) return 1;
        if (answer.statusCode() != 200) continue;
        System.out.print(answer.body());
        return 0;
      } catch (IOException gone) {
        // The other server may be there.
      }
    }
    return 5;
  }

  /** Prints each change. After a reconnect the present set comes anew, and ends with "synced". */
  private static void watch(String name) throws InterruptedException {
    for (int turn = 0; ; turn++) {
      String side = SIDES[turn % SIDES.length];
      try {
        lines(request(side + "/v1/watch?service=" + encoded(name)).build(), System.out::println);
      } catch (IOException | RuntimeException gone) {
        // The other server may be there.
      }
      pause(250);
    }
  }

  private static String encoded(String name) {
    return URLEncoder.encode(name, StandardCharsets.UTF_8);
  }

  public static void main(String[] words) throws InterruptedException {
    switch (words[0]) {
      case "register" -> register(words[1], words[2]);
      case "lookup" -> System.exit(lookup(words[1]));
      case "watch" -> watch(words[1]);
      default -> System.exit(2);
    }
  }
}
