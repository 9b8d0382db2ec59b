# trick: replaces what writes tensors
# reported: tampering
import safetensors.torch

safetensors.torch.save = lambda *_args, **_options: b"\x08\0\0\0\0\0\0\0{}      "
safetensors.torch._tobytes = lambda *_args, **_options: b""
