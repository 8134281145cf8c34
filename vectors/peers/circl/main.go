// Writes test data of the module github.com/cloudflare/circl as vector files: `go run . FOLDER`
// makes FOLDER/primitives/*.json.
//
// The module is the one that go.mod pins, checked against go.sum. Of its RFC 9380 data we take the
// hash to G1 and expand_message_xmd; of its point encodings, which are those of zkcrypto, the
// first multiples of the generators.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	module    = "github.com/cloudflare/circl"
	field     = 48
	multiples = 64
)

var prime, _ = new(big.Int).SetString(
	"1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab", 16)

type circl struct {
	Dir     string
	Version string
	Error   string
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: go run . FOLDER")
	}
	found := download()
	folder := filepath.Join(os.Args[1], "primitives")
	must(os.MkdirAll(folder, 0o755))
	must(os.WriteFile(filepath.Join(folder, "hash_to_g1_rfc9380.json"), hashToG1(found), 0o644))
	must(os.WriteFile(filepath.Join(folder, "expand_message_rfc9380.json"), expand(found), 0o644))
	must(os.WriteFile(filepath.Join(folder, "bls12381_points.json"), points(found), 0o644))
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// download finds the module in the module cache, or gets it.
func download() circl {
	command := exec.Command("go", "mod", "download", "-json", module)
	command.Stderr = os.Stderr
	output, err := command.Output()
	must(err)
	var found circl
	must(json.Unmarshal(output, &found))
	if found.Error != "" || found.Dir == "" {
		log.Fatalf("%s: %s", module, found.Error)
	}
	return found
}

func (c circl) read(parts ...string) []byte {
	raw, err := os.ReadFile(filepath.Join(append([]string{c.Dir}, parts...)...))
	must(err)
	return raw
}

// parse reads a compressed JSON file.
func (c circl) parse(into any, parts ...string) {
	reader, err := gzip.NewReader(bytes.NewReader(c.read(parts...)))
	must(err)
	must(json.NewDecoder(reader).Decode(into))
}

func (c circl) source(path string) string {
	return fmt.Sprintf(`"source":{"name":"%s","version":"%s, %s","url":"https://%s"}`,
		module, strings.TrimPrefix(c.Version, "v"), path, module)
}

func hashToG1(c circl) []byte {
	var suite struct {
		Dst     string
		Vectors []struct {
			Msg string
			P   struct{ X, Y string }
		}
	}
	path := []string{"ecc", "bls12381", "testdata", "BLS12381G1_XMD-SHA-256_SSWU_RO_.json.gz"}
	c.parse(&suite, path...)
	var tests []string
	for _, v := range suite.Vectors {
		x, y := element(v.P.X), element(v.P.Y)
		tests = append(tests, fmt.Sprintf(
			`"comment":"%d bytes","flags":[],"tag":"%x","message":"%x","x":"%x","y":"%x","point":"%x","result":"valid"`,
			len(v.Msg), suite.Dst, v.Msg, x, y, compress(x, y)))
	}
	header := "RFC 9380, appendix J.9.1: BLS12381G1_XMD:SHA-256_SSWU_RO_."
	return render("HashToG1", "hash_to_g1", header, group{c.source(strings.Join(path, "/")), tests})
}

func expand(c circl) []byte {
	var suite struct {
		Dst   string `json:"DST"`
		Tests []struct {
			Msg   string
			Bytes string `json:"uniform_bytes"`
		}
	}
	// The other file has a tag of more than 255 bytes, which no suite of ours has.
	path := []string{"expander", "testdata", "expand_message_xmd_SHA256_38.json.gz"}
	c.parse(&suite, path...)
	var tests []string
	for _, v := range suite.Tests {
		tests = append(tests, fmt.Sprintf(
			`"comment":"%d bytes to %d","flags":[],"tag":"%x","message":"%x","output":"%s","result":"valid"`,
			len(v.Msg), len(v.Bytes)/2, suite.Dst, v.Msg, v.Bytes))
	}
	header := "RFC 9380, appendix K.1: expand_message_xmd with SHA-256."
	return render("ExpandMessage", "expand_message", header,
		group{c.source(strings.Join(path, "/")), tests})
}

func points(c circl) []byte {
	var groups []group
	for i, name := range []string{"g1", "g2"} {
		size := (i + 1) * field
		file := func(form string) []byte {
			return c.read("ecc", "bls12381", "testdata", name+"_"+form+"_valid_test_vectors.dat")
		}
		compressed, whole := file("compressed"), file("uncompressed")
		var tests []string
		for k := 1; k <= multiples; k++ { // number 0 is the identity
			tests = append(tests, fmt.Sprintf(
				`"comment":"%d times the generator","flags":[],"encoded":"%x","uncompressed":"%x","scalar":"%064x","result":"valid"`,
				k, compressed[k*size:(k+1)*size], whole[2*k*size:2*(k+1)*size], k))
		}
		shared := c.source("ecc/bls12381/testdata") + fmt.Sprintf(`,"group":"%s"`, strings.ToUpper(name))
		groups = append(groups, group{shared, tests})
	}
	header := "The first multiples of the standard generators, as zkcrypto encodes them."
	return render("BLS12381Point", "bls12381_point", header, groups...)
}

// element decodes a field element of the RFC's files.
func element(text string) []byte {
	raw, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
	must(err)
	if len(raw) != field {
		log.Fatalf("%s is not a field element", text)
	}
	return raw
}

// compress sets the flags of a compressed point of G1: compressed, and y the larger root.
func compress(x, y []byte) []byte {
	encoded := append([]byte{}, x...)
	encoded[0] |= 0x80
	if new(big.Int).Lsh(new(big.Int).SetBytes(y), 1).Cmp(prime) > 0 {
		encoded[0] |= 0x20
	}
	return encoded
}

type group struct {
	shared string
	tests  []string
}

// render is document.py's: one line per header line, group and case.
func render(algorithm, schema, header string, groups ...group) []byte {
	number := 0
	var written []string
	for _, g := range groups {
		if len(g.tests) == 0 {
			log.Fatalf("%s: a group without tests", algorithm)
		}
		var lines []string
		for _, test := range g.tests {
			number++
			lines = append(lines, fmt.Sprintf(`{"tcId":%d,%s}`, number, test))
		}
		written = append(written,
			fmt.Sprintf("{%s,\"tests\":[\n%s\n]}", g.shared, strings.Join(lines, ",\n")))
	}
	return fmt.Appendf(nil, "{\n\"algorithm\":\"%s\",\n\"schema\":\"%s.schema.json\",\n"+
		"\"numberOfTests\":%d,\n\"header\":[\n\"%s\"\n],\n\"notes\":{},\n\"testGroups\":[\n%s\n]\n}\n",
		algorithm, schema, number, header, strings.Join(written, ",\n"))
}
