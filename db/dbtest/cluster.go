package dbtest

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// clusterSlots is the number of slots of a Redis Cluster:
// https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/
const clusterSlots = 16384

// RedisCluster starts a Redis Cluster of three nodes, and returns a REDIS_URL and a client. The cluster ends with the
// test. Unlike on a single server, a command whose keys lie in different slots fails there.
func RedisCluster(t testing.TB) (url string, client *redis.ClusterClient) {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		Missing(t, fmt.Errorf("redis-server: %w", err))
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var addresses []string
	var nodes []*redis.Client
	const size = 3
	for n := range size {
		port, bus := freePort(t), freePort(t)
		server := exec.Command(program, "--bind", "127.0.0.1", "--port", port, "--cluster-port", bus,
			"--cluster-enabled", "yes", "--cluster-node-timeout", "5000",
			"--save", "", "--appendonly", "no", "--dir", t.TempDir(), "--logfile", filepath.Join(t.TempDir(), "log"))
		if err := server.Start(); err != nil {
			t.Fatal("dbtest: start a node: ", err)
		}
		t.Cleanup(func() {
			_ = server.Process.Kill()
			_ = server.Wait()
		})
		address := net.JoinHostPort("127.0.0.1", port)
		addresses = append(addresses, address)
		node := redis.NewClient(&redis.Options{Addr: address, MaxRetries: -1})
		t.Cleanup(func() { _ = node.Close() })
		until(ctx, t, "node "+address+" answers", func() error { return node.Ping(ctx).Err() })
		if err := node.ClusterAddSlotsRange(ctx, clusterSlots*n/size, clusterSlots*(n+1)/size-1).Err(); err != nil {
			t.Fatal("dbtest: share the slots: ", err)
		}
		nodes = append(nodes, node)
		if n == 0 {
			continue
		}
		if err := nodes[0].Do(ctx, "cluster", "meet", "127.0.0.1", port, bus).Err(); err != nil {
			t.Fatal("dbtest: join the nodes: ", err)
		}
	}
	for _, node := range nodes {
		until(ctx, t, "the cluster is whole", func() error {
			info, err := node.ClusterInfo(ctx).Result()
			if err == nil &&
				!(strings.Contains(info, "cluster_state:ok") &&
					strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d", size))) {
				err = fmt.Errorf("%s", info)
			}
			return err
		})
	}
	client = redis.NewClusterClient(&redis.ClusterOptions{Addrs: addresses})
	t.Cleanup(func() { _ = client.Close() })
	return "redis+cluster://" + addresses[0] + "?addr=" + addresses[1] + "&addr=" + addresses[2], client
}

func until(ctx context.Context, t testing.TB, what string, try func() error) {
	t.Helper()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("dbtest: never: %s: %v", what, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal("dbtest: ", err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}
