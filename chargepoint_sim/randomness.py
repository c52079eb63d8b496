"""A random generator whose whole state is one integer, so that it fits into a charge point's state.

It is the generator known as SplitMix64: 64 bits of state, good enough for message ids and waiting times, not
for secrets.
"""

MASK = (1 << 64) - 1


def draw(state: int) -> tuple[int, int]:
    """Returns (new state, 64 random bits)."""
    state = (state + 0x9E3779B97F4A7C15) & MASK
    mixed = state
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
    return state, mixed ^ (mixed >> 31)


def unit(state: int) -> tuple[int, float]:
    """Returns (new state, a number from 0 up to but not including 1)."""
    state, bits = draw(state)
    return state, (bits >> 11) / (1 << 53)


def unique_id(state: int) -> tuple[int, str]:
    """Returns (new state, a random UUID as text, 36 characters)."""
    state, high = draw(state)
    state, low = draw(state)
    digits = f"{(high & ~0xF000) | 0x4000:016x}{(low & (MASK >> 2)) | (1 << 63):016x}"
    return state, f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
