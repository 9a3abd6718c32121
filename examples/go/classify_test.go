package driftcore_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	driftcore "github.com/driftcore/driftcore/examples/go"
)

const overlayMagic = 0x794c7630

// onRoot is a file on the overlay that is the container's root.
const onRoot = driftcore.FileOnRootSuperblock | driftcore.FileOnRootMount | driftcore.FileOverlay |
	driftcore.FileLayersKnown

func TestVerdictsFromEvidenceAlone(t *testing.T) {
	one := driftcore.Inode{Number: 1, Size: 3, Device: 8 << 20}
	for want, evidence := range map[driftcore.Verdict]driftcore.Evidence{
		driftcore.VerdictHost:    {Inode: one, Flags: driftcore.FileHost},
		driftcore.VerdictMemfd:   {Inode: one, Flags: driftcore.FileAnonymous},
		driftcore.VerdictDeleted: {Inode: one, Flags: driftcore.FileUnhashed},
		driftcore.VerdictVolume:  {Inode: one, FSMagic: 0xef53},
		driftcore.VerdictImage:   {Inode: one, Lower: one, Flags: onRoot, FSMagic: overlayMagic},
		driftcore.VerdictTmpfs:   {Inode: one, FSMagic: 0x01021994},
	} {
		if want != driftcore.VerdictDeleted {
			evidence.Links = 1
		}
		got := must(driftcore.Classify(evidence, "/opt/tool", nil))(t)
		wantEqual(t, "verdict", got.Verdict, want)
		wantEqual(t, "path", got.Path, "/opt/tool")
		wantEqual(t, "drift of "+want.String(), got.Drift, want != driftcore.VerdictHost && want != driftcore.VerdictImage)
		if got.Reason == "" {
			t.Errorf("%v without a reason", want)
		}
	}
}

func TestContentIsComparedInTheLayers(t *testing.T) {
	upper, lower := t.TempDir(), t.TempDir()
	layers := &driftcore.Layers{Upper: upper, Lowers: []string{lower}, StartedAt: time.Now()}
	for content, want := range map[string]driftcore.Verdict{
		"same": driftcore.VerdictCopiedUp,
		"diff": driftcore.VerdictModified,
	} {
		for directory, text := range map[string]string{upper: content, lower: "same"} {
			if err := os.WriteFile(filepath.Join(directory, "tool"), []byte(text), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		evidence := driftcore.Evidence{
			Flags: onRoot | driftcore.FileUpperData, FSMagic: overlayMagic, Links: 1,
			Inode: inodeOf(t, filepath.Join(upper, "tool")),
			Upper: inodeOf(t, filepath.Join(upper, "tool")),
			Lower: inodeOf(t, filepath.Join(lower, "tool")),
		}
		got := must(driftcore.Classify(evidence, "/tool", layers))(t)
		wantEqual(t, content, got.Verdict, want)
		wantEqual(t, content, got.Evidence, driftcore.EvidenceContent)
		// Without the layers it stays open.
		got = must(driftcore.Classify(evidence, "/tool", nil))(t)
		wantEqual(t, content, got.Verdict, driftcore.VerdictUnknown)
	}
}

func TestTextsThatCWouldCutAreRefused(t *testing.T) {
	for _, layers := range []driftcore.Layers{{Upper: "/a\x00b"}, {Upper: "/a", Lowers: []string{"/b\x00"}}} {
		_, err := driftcore.Classify(driftcore.Evidence{}, "/x", &layers)
		wantError(t, err, driftcore.ErrInvalidArgument)
	}
	_, err := driftcore.Classify(driftcore.Evidence{}, "/x", nil, driftcore.Set("proof.max_bytes", "many"))
	wantError(t, err, driftcore.ErrWrongType)
}
