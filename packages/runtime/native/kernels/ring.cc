// The algorithm: an array has as many chunks as there are processes. In the first n - 1 steps each process sends a chunk
// to the next one and adds what comes from the one before, so that each ends with one chunk of the whole sum; in n - 1
// more these go around. Each sum is made once, so all processes hold the same bits.
//
// The protocol: process r connects to process r + 1. Data go this way, in pieces. Against it goes, once for each
// reduction, that the receiver has it too: nothing is sent before, so that whatever comes can be taken at once, and
// reductions may begin in different orders without waiting for one another.

#include "ring.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <list>
#include <map>
#include <system_error>
#include <thread>

#include "workers.h"

namespace toco {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t pieceElements = 64 * 1024;  // 256 KiB, which stay in a core's cache between the socket and the sum
constexpr size_t elementBytes = 4;
constexpr auto grace = std::chrono::milliseconds(200);

struct Fault {
  std::string text;
};

enum Kind : uint32_t { hello = 0x6f636f74, ready, data, failure };

// Stands before everything that is sent.
struct Frame {
  uint32_t kind, key;
  uint64_t size;  // of the bytes behind it; of `hello` and `ready` what must be alike on both sides
};

struct Range {
  size_t first, last;
};

// Memory that is being sent or filled.
class Transfer {
 public:
  bool ended() const { return at_ == rest_.size(); }
  void clear() {
    rest_.clear();
    at_ = 0;
  }
  void add(void* memory, size_t bytes) {
    if (bytes > 0) rest_.push_back({memory, bytes});
  }
  bool begun() const { return begun_; }

  // Moves what the connection takes, or has, at this moment. Returns why it can't any more, or null.
  template <class Call>
  const char* move(int connection, Call call) {
    while (!ended()) {
      msghdr message = {};
      message.msg_iov = &rest_[at_];
      message.msg_iovlen = std::min<size_t>(rest_.size() - at_, 64);
      ssize_t moved = call(connection, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (moved == 0) return "its connection closed";
      if (moved < 0 && errno == EINTR) continue;
      if (moved < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? nullptr : std::strerror(errno);
      begun_ = true;
      for (auto left = size_t(moved); left > 0;) {
        iovec& part = rest_[at_];
        const size_t taken = std::min(left, part.iov_len);
        part.iov_base = (char*)part.iov_base + taken;
        part.iov_len -= taken;
        left -= taken;
        if (part.iov_len == 0) at_++;
      }
    }
    begun_ = false;
    return nullptr;
  }

 private:
  std::vector<iovec> rest_;
  size_t at_ = 0;
  bool begun_ = false;  // whether a part of it has been moved
};

template <class T>
void merge(Merge how, T* sums, const T* values, size_t count) {
  if (how == Merge::max) {
    // What is no number stays, whoever has it.
    for (size_t i = 0; i < count; i++) sums[i] = sums[i] > values[i] || sums[i] != sums[i] ? sums[i] : values[i];
  } else {
    for (size_t i = 0; i < count; i++) sums[i] += values[i];
  }
}

// A reduction under way.
struct Active {
  std::unique_ptr<Reduction> reduction;
  size_t count = 0, pieces = 1, total = 0;  // elements; pieces of a chunk, and those that each process sends
  size_t sent = 0, received = 0;
  bool wanted = false;  // whether the next process has it

  // What all processes must have in common.
  uint64_t description() const {
    return uint64_t(count) << 3 | uint64_t(reduction->floats) << 2 | uint64_t(reduction->merge);
  }

  template <class F>
  void each(Range range, F use) const {
    size_t first = 0;
    for (const auto& [memory, elements] : reduction->parts) {
      const size_t from = std::max(range.first, first), to = std::min(range.last, first + elements);
      if (from < to) use(memory + (from - first) * elementBytes, to - from);
      first += elements;
      if (first >= range.last) return;
    }
  }
};

std::string described(uint64_t description) {
  const char* const merges[] = {"mean", "sum", "maximum", "?"};
  return std::string("the ") + merges[description & 3] + " of " + std::to_string(description >> 3) +
         (description & 4 ? " float32" : " int32");
}

struct Lock {
  pthread_mutex_t& mutex;
  explicit Lock(pthread_mutex_t& mutex) : mutex(mutex) { pthread_mutex_lock(&mutex); }
  ~Lock() { pthread_mutex_unlock(&mutex); }
};

struct Address {
  std::string host, port;
  explicit Address(const std::string& text) {
    const size_t colon = text.rfind(':');
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (host.size() > 1 && host.front() == '[') host = host.substr(1, host.size() - 2);
  }
};

// Listens on all interfaces, as TensorFlow's server does; -1 where it can't.
int listenAt(const std::string& port) {
  for (const int family : {AF_INET6, AF_INET}) {
    const int listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0) continue;
    const int yes = 1, no = 0;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in6 six = {};
    sockaddr_in four = {};
    six.sin6_family = AF_INET6;
    four.sin_family = AF_INET;
    six.sin6_port = four.sin_port = htons(uint16_t(std::stoi(port)));
    if (family == AF_INET6) setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    const bool bound = family == AF_INET6 ? bind(listener, (sockaddr*)&six, sizeof six) == 0
                                          : bind(listener, (sockaddr*)&four, sizeof four) == 0;
    if (bound && listen(listener, 16) == 0) return listener;
    const int error = errno;
    close(listener);
    errno = error;
    if (error == EADDRINUSE) return -1;
  }
  return -1;
}

// A connection to an address, -1 where nobody answers there within two seconds.
int connectTo(const Address& address) {
  addrinfo hints = {}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  if (getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found) != 0) return -1;
  int connection = -1;
  for (addrinfo* each = found; each && connection < 0; each = each->ai_next) {
    connection = socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval limit = {2, 0};
    setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    sockaddr_storage own = {};
    socklen_t length = sizeof own;
    bool connected = connect(connection, each->ai_addr, each->ai_addrlen) == 0;
    // Where nobody listens at a port that the system gives away, a connection may come to be with itself.
    if (connected) getsockname(connection, (sockaddr*)&own, &length);
    connected = connected && std::memcmp(&own, each->ai_addr, each->ai_addrlen) != 0;
    if (connected) continue;
    close(connection);
    connection = -1;
  }
  freeaddrinfo(found);
  return connection;
}

void prepare(int connection) {
  const int yes = 1;
  setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  setsockopt(connection, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
}

}  // namespace

struct Ring::Member {
  std::vector<std::string> addresses;
  size_t size = 0, rank = 0;

  // What other threads leave here; guarded by the mutex.
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  std::vector<std::unique_ptr<Reduction>> inbox;
  std::string abortedBy, complaint;
  int wake = -1;

  // All else is the thread's own.
  int listener = -1;
  // A neighbor, and why it can't be reached any more.
  struct Link {
    size_t rank = 0;
    int connection = -1;
    std::string lost;
    Clock::time_point since;
    Transfer in, out;
    Frame received = {}, sent = {};
    std::string text;  // of a failure
    bool inBody = false;
  } next, previous;
  std::list<Active> active;
  std::map<uint32_t, uint64_t> announced;  // by the next process, before it was seen here
  std::deque<Frame> announcements;         // to the one before
  Active *sending = nullptr, *receiving = nullptr;
  std::vector<char> scratch = std::vector<char>(pieceElements * elementBytes);

  std::string name(size_t of) const { return "rank " + std::to_string(of) + " (" + addresses[of] + ")"; }

  void serve() {
    const Workers::DenormalsAreZero mode;
    std::string why;
    try {
      meet();
      for (;;) turn();
    } catch (const Fault& fault) {
      why = fault.text;
    } catch (const std::exception& error) {
      why = error.what();
    }
    end(why);
  }

  // Connects to the next process and waits for the one before; who gives up is not this thread.
  void meet() {
    for (;;) {
      if (next.connection < 0 && (next.connection = connectTo(Address(addresses[next.rank]))) >= 0) {
        prepare(next.connection);
        const Frame greeting = {hello, uint32_t(rank), fingerprint()};
        if (send(next.connection, &greeting, sizeof greeting, MSG_NOSIGNAL) != sizeof greeting)
          throw Fault{lost(next.rank, "it does not listen")};
      }
      if (next.connection >= 0 && previous.connection >= 0) break;
      pollfd waiting[] = {{wake, POLLIN, 0}, {previous.connection < 0 ? listener : -1, POLLIN, 0}};
      poll(waiting, 2, next.connection < 0 ? 50 : -1);
      if (waiting[0].revents) takeInbox();
      if (waiting[1].revents) welcome();
    }
    close(listener);
  }

  void welcome() {
    const int connection = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    const timeval limit = {5, 0};
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    Frame greeting = {};
    const bool known = recv(connection, &greeting, sizeof greeting, MSG_WAITALL) == sizeof greeting &&
                       greeting.kind == hello && greeting.key == previous.rank && greeting.size == fingerprint();
    // Whatever else comes to a port, it is not for us.
    if (!known) {
      close(connection);
      return;
    }
    prepare(connection);
    previous.connection = connection;
  }

  uint64_t fingerprint() const {
    uint64_t hash = 14695981039346656037u;  // FNV-1a
    for (const auto& address : addresses)
      for (const char letter : address + ",") hash = (hash ^ uint8_t(letter)) * 1099511628211u;
    return hash;
  }

  std::string lost(size_t of, const std::string& why) const {
    return "lost " + name(of) + " in a reduction: " + why;
  }

  void turn() {
    pollfd waiting[] = {{wake, POLLIN, 0},
                        {next.connection, short(POLLIN | (nextToSend() ? POLLOUT : 0)), 0},
                        {previous.connection, short(POLLIN | (hasToAnnounce() ? POLLOUT : 0)), 0}};
    poll(waiting, 3, previous.lost.empty() || active.empty() ? -1 : int(grace.count()) / 4);
    if (waiting[0].revents) takeInbox();
    if (waiting[2].revents) hear(previous);
    if (waiting[1].revents) hear(next);
    announce();
    sendPiece();
    finish();
    assertReachable();
  }

  void takeInbox() {
    uint64_t times;
    if (read(wake, &times, sizeof times) < 0 && errno != EAGAIN && errno != EINTR) throw Fault{std::strerror(errno)};
    Lock lock(mutex);
    if (!abortedBy.empty()) throw Fault{abortedBy};
    for (auto& reduction : inbox) {
      Active each;
      for (const auto& part : reduction->parts) each.count += part.count;
      each.pieces = std::max<size_t>(1, (each.count / size + 1 + pieceElements - 1) / pieceElements);
      each.total = 2 * (size - 1) * each.pieces;
      each.reduction = std::move(reduction);
      announcements.push_back({ready, each.reduction->key, each.description()});
      active.push_back(std::move(each));
    }
    inbox.clear();
  }

  // Elements of a piece: of those that go out, or that come in.
  Range rangeOf(const Active& of, size_t piece, bool out) const {
    const size_t step = piece / of.pieces, chunk = (rank + 2 * size - step - (out ? 0 : 1)) % size;
    const size_t first = of.count * chunk / size, last = of.count * (chunk + 1) / size;
    const size_t begin = std::min(last, first + piece % of.pieces * pieceElements);
    return {begin, std::min(last, begin + pieceElements)};
  }

  // Takes what has come from a neighbor, up to the end of one frame.
  void hear(Link& from) {
    if (from.connection < 0) return;
    if (from.in.ended()) {
      from.in.clear();
      from.in.add(&from.received, sizeof(Frame));
    }
    const char* why = from.in.move(from.connection, recvmsg);
    if (why) return lose(from, why);
    if (from.in.ended() && !from.inBody) {
      from.in.clear();
      beginBody(from);
      why = from.in.move(from.connection, recvmsg);
      if (why) return lose(from, why);
    }
    if (!from.in.ended()) return;
    from.inBody = false;
    if (from.received.kind == failure) throw Fault{from.text};
    if (from.received.kind == data) mergePiece();
  }

  void beginBody(Link& from) {
    const auto [kind, key, bytes] = from.received;
    from.inBody = true;
    if (kind == failure && bytes < 10000) {
      from.text.resize(bytes);
      from.in.add(&from.text[0], bytes);
    } else if (kind == ready && &from == &next) {
      announced[key] = bytes;
    } else if (kind == data && &from == &previous) {
      const auto found = std::find_if(active.begin(), active.end(),
                                      [key = key](const Active& each) { return each.reduction->key == key; });
      const Fault unasked{name(from.rank) + " sends what nobody waits for"};
      if (found == active.end() || found->received == found->total) throw unasked;
      receiving = &*found;
      const Range range = rangeOf(*receiving, receiving->received, false);
      if (bytes != (range.last - range.first) * elementBytes) throw unasked;
      if (receiving->received / receiving->pieces < size - 1)
        from.in.add(scratch.data(), bytes);
      else
        receiving->each(range, [&](char* memory, size_t count) { from.in.add(memory, count * elementBytes); });
    } else {
      throw Fault{name(from.rank) + " reduces in another way: start all with the same version and TOCO_KERNELS"};
    }
  }

  // A piece has come.
  void mergePiece() {
    Active& of = *receiving;
    const Reduction& reduction = *of.reduction;
    const size_t step = of.received / of.pieces;
    const bool isWhole = step == size - 2;  // the last to add has the whole sum
    const char* values = scratch.data();
    const auto add = [&](char* memory, size_t count) {
      if (reduction.floats)
        merge(reduction.merge, (float*)memory, (const float*)values, count);
      else
        merge(reduction.merge, (int32_t*)memory, (const int32_t*)values, count);
      values += count * elementBytes;
      if (reduction.merge == Merge::mean && isWhole)
        for (size_t i = 0; i < count; i++) ((float*)memory)[i] /= float(size);
    };
    if (step < size - 1) of.each(rangeOf(of, of.received, false), add);
    of.received++;
    receiving = nullptr;
  }

  // The reduction of which a piece can be sent: one of one's own, or one that has come.
  Active* nextToSend() {
    if (sending) return sending;
    for (auto& each : active) {
      if (!each.wanted) {
        const auto found = announced.find(each.reduction->key);
        if (found == announced.end()) continue;
        if (found->second != each.description())
          throw Fault{"reduction " + std::to_string(each.reduction->key) + " of the step is " +
                      described(each.description()) + " in " + name(rank) + ", and " + described(found->second) +
                      " in " + name(next.rank)};
        announced.erase(found);
        each.wanted = true;
      }
      if (each.sent < each.total && (each.sent < each.pieces || each.received > each.sent - each.pieces)) return &each;
    }
    return nullptr;
  }

  void sendPiece() {
    Active* const of = next.connection < 0 ? nullptr : nextToSend();
    if (!of) return;
    if (!sending) {
      sending = of;
      const Range range = rangeOf(*of, of->sent, true);
      next.sent = {data, of->reduction->key, (range.last - range.first) * elementBytes};
      next.out.clear();
      next.out.add(&next.sent, sizeof(Frame));
      of->each(range, [&](char* memory, size_t count) { next.out.add(memory, count * elementBytes); });
    }
    const char* const why = next.out.move(next.connection, sendmsg);
    if (why) return lose(next, why);
    if (!next.out.ended()) return;
    of->sent++;
    sending = nullptr;
  }

  bool hasToAnnounce() const { return !previous.out.ended() || !announcements.empty(); }

  void announce() {
    while (previous.connection >= 0 && hasToAnnounce()) {
      if (previous.out.ended()) {
        previous.sent = announcements.front();
        announcements.pop_front();
        previous.out.clear();
        previous.out.add(&previous.sent, sizeof(Frame));
      }
      const char* const why = previous.out.move(previous.connection, sendmsg);
      if (why) return lose(previous, why);
      if (!previous.out.ended()) return;
    }
  }

  void finish() {
    for (auto each = active.begin(); each != active.end();) {
      if (each->sent < each->total || each->received < each->total) {
        each++;
        continue;
      }
      const auto ended = std::move(each->reduction);
      each = active.erase(each);
      ended->done("");
    }
  }

  void lose(Link& link, const char* why) {
    close(link.connection);
    link.connection = -1;
    link.lost = lost(link.rank, why);
    link.since = Clock::now();
  }

  // A process that has ended with its work done is not missed before something is to be had from it.
  void assertReachable() {
    for (const Active& each : active) {
      if (!next.lost.empty() && each.sent < each.total) throw Fault{next.lost};
      // Where the process before has ended because of one further away, the next one is about to say so: the way back is
      // always free, while data may stand in the way of a word in the direction of the ring.
      const bool waits = size > 3 && next.lost.empty() && Clock::now() - previous.since < grace;
      if (!previous.lost.empty() && each.received < each.total && !waits) throw Fault{previous.lost};
    }
  }

  // Ends everything, and tells the neighbors why.
  void end(const std::string& why) {
    for (Link* const link : {&next, &previous}) {
      if (link->connection < 0) continue;
      Frame frame = {failure, 0, why.size()};
      std::string message((const char*)&frame, sizeof frame);
      message += why;
      // In the middle of a piece nothing can be said but by leaving.
      if (!link->out.begun())
        (void)!send(link->connection, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      // It stays open: closing it with something unread would reset it, and what was said last could be lost.
      shutdown(link->connection, SHUT_WR);
    }
    {
      Lock lock(mutex);
      complaint = why;
      for (auto& reduction : inbox) {
        active.emplace_back();
        active.back().reduction = std::move(reduction);
      }
      inbox.clear();
    }
    for (auto& each : active) each.reduction->done(why);
    active.clear();
  }
};

Ring::Ring() : member_(*new Member) {}

// For the life of the process: at its end nobody may wait for a thread that is gone.
Ring& Ring::instance() {
  static Ring& ring = *new Ring;
  return ring;
}

std::string Ring::join(const std::vector<std::string>& addresses, size_t rank) {
  Member& member = member_;
  if (member.size > 0) return "this process is in a cluster already";
  member.listener = listenAt(Address(addresses[rank]).port);
  if (member.listener < 0) return std::strerror(errno);
  member.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (member.wake < 0) return std::strerror(errno);
  member.addresses = addresses;
  member.size = addresses.size();
  member.rank = rank;
  member.next.rank = (rank + 1) % member.size;
  member.previous.rank = (rank + member.size - 1) % member.size;
  try {
    std::thread([&member] { member.serve(); }).detach();
  } catch (const std::system_error& error) {
    return error.what();
  }
  return "";
}

void Ring::reduce(std::unique_ptr<Reduction> reduction) {
  std::string complaint;
  {
    Lock lock(member_.mutex);
    complaint = member_.size == 0 ? "this process has not joined a cluster" : member_.complaint;
    if (complaint.empty()) member_.inbox.push_back(std::move(reduction));
  }
  if (!complaint.empty()) return reduction->done(complaint);
  const uint64_t once = 1;
  (void)!write(member_.wake, &once, sizeof once);
}

void Ring::abort(const std::string& why) {
  {
    Lock lock(member_.mutex);
    member_.abortedBy = why.empty() ? "it was aborted" : why;
  }
  const uint64_t once = 1;
  if (member_.wake >= 0) (void)!write(member_.wake, &once, sizeof once);
}

}  // namespace toco
