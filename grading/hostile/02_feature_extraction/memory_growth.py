# trick: asks for a terabyte, then takes what it can get
# reported: memory
for size in (10**13, 10**12, 10**11):
    try:
        np.empty(size, dtype=np.uint8).fill(1)
        print("GOT", size)
    except (MemoryError, ValueError) as error:
        print(error)
parts = bytearray()
while True:
    parts += b"x" * 10_000_000
